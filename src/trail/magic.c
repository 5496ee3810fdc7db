#include "trail/magic.h"

/* None is the beginning of another. */
static const struct {
	char bytes[MAGIC_MAX];
	unsigned char n;
	const char *name;
} magics[] = {
    {"\xef\xbb\xbf", 3, ""},
    {"\x1f\x8b", 2, "a third layer of gzip"},
    {"BZh", 3, "bzip2"},
    {"\x28\xb5\x2f\xfd", 4, "zstd"},
    {{'\xfd', '7', 'z', 'X', 'Z', '\0'}, 6, "xz"},
    {"\x04\x22\x4d\x18", 4, "lz4"},
    {"PK\3\4", 4, "zip"},
    {"\xff\xfe", 2, "UTF-16"},
    {"\xfe\xff", 2, "UTF-16"},
};

enum { MAGICS = sizeof magics / sizeof magics[0] };

bool
magic_goes_on(struct span head)
{
	for (int i = 0; i < MAGICS; i++) {
		if (head.n < magics[i].n &&
		    span_eq((struct span){magics[i].bytes, head.n}, head))
			return true;
	}
	return false;
}

const char *
magic_name(struct span head)
{
	for (int i = 0; i < MAGICS; i++) {
		if (span_eq((struct span){magics[i].bytes, magics[i].n}, head))
			return magics[i].name;
	}
	return NULL;
}
