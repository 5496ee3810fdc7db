#include "settings/token.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"

const char *
token_fault(struct span token)
{
	if (token.n == 0)
		return "is empty";
	if (token.n > TOKEN_MAX)
		return "is longer than 8 KiB";
	for (size_t i = 0; i < token.n; i++) {
		unsigned char c = (unsigned char)token.p[i];

		if (c < ' ' || c == 0x7f)
			return "has a control character; it must be one line";
	}
	return NULL;
}

void
token_free(char **token)
{
	if (*token == NULL)
		return;
	mem_wipe(*token, strlen(*token));
	mem_free(*token);
	*token = NULL;
}

static bool
check_mode(int fd, bool *exposed, struct buf *why)
{
	struct statvfs fs;
	struct stat st;

	if (fstat(fd, &st) != 0) {
		buf_str(why, strerror(errno));
		return false;
	}
	if (S_ISDIR(st.st_mode)) {
		buf_str(why, "is a directory; did you mean a file in it?");
		return false;
	}
	*exposed = (st.st_mode & S_IROTH) != 0;
	if (!*exposed ||
	    (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0))
		return true;
	buf_str(why, "others can read it; run chmod o-rwx on it");
	return false;
}

/* One byte more than the longest token with its line end, to see what is
 * longer. */
static bool
read_all(int fd, char buf[TOKEN_MAX + 3], size_t *len, struct buf *why)
{
	*len = 0;
	while (*len < TOKEN_MAX + 3) {
		ssize_t n = read(fd, buf + *len, TOKEN_MAX + 3 - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			buf_str(why, strerror(errno));
		if (n <= 0)
			return n == 0;
		*len += (size_t)n;
	}
	return true;
}

static char *
read_token(int fd, struct buf *why)
{
	char buf[TOKEN_MAX + 3], *token = NULL;
	const char *fault;
	size_t n;

	if (read_all(fd, buf, &n, why)) {
		if (n > 0 && buf[n - 1] == '\n')
			n--;
		if (n > 0 && buf[n - 1] == '\r')
			n--;
		fault = token_fault((struct span){buf, n});
		if (fault != NULL)
			buf_str(why, fault);
		else
			token = mem_strndup(buf, n);
	}
	mem_wipe(buf, sizeof buf);
	return token;
}

char *
token_read(const char *path, bool *exposed, struct buf *why)
{
	/* O_NONBLOCK: a FIFO without a writer must not hang the daemon. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *token = NULL;

	*exposed = false;
	if (fd < 0) {
		buf_str(why, strerror(errno));
		return NULL;
	}
	if (check_mode(fd, exposed, why))
		token = read_token(fd, why);
	close(fd);
	return token;
}
