/* Pages of a listing, cut as the first byte says: whatever comes, a page holds
 * no more than it may, and how it was cut does not matter. */
#include "fuzz.h"

#include "aws/list.h"

static enum err
parse(struct span s, uint8_t how, struct list_page **out)
{
	struct list_page *p = list_page_new();
	struct fuzz_cut cut;
	enum err err = ERR_OK;

	fuzz_cut_init(&cut, s, how);
	while (err == ERR_OK && fuzz_cut_next(&cut))
		err = list_page_feed(p, cut.piece);
	fuzz_cut_fini(&cut);
	*out = p;
	return err == ERR_OK ? list_page_finish(p) : err;
}

static size_t
touch(struct span s)
{
	mem_free(fuzz_copy(s));
	return s.n;
}

static void
check_page(const struct list_page *p)
{
	size_t bytes = 0;

	CHECK(list_page_count(p) <= LIST_KEYS_MAX);
	CHECK(list_page_folders(p) <= LIST_KEYS_MAX);
	for (size_t i = 0; i < list_page_count(p); i++) {
		struct list_object o = list_page_at(p, i);

		CHECK(o.key.n > 0 && o.size >= -1 && o.modified_s >= -1);
		bytes += touch(o.key);
		bytes += touch(o.etag);
		bytes += touch(o.storage_class);
	}
	for (size_t i = 0; i < list_page_folders(p); i++)
		bytes += touch(list_page_folder(p, i));
	CHECK(bytes <= list_page_bytes(p) && bytes <= LIST_PAGE_MAX);
	touch(list_page_next(p));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = {(const char *)data, n};
	uint8_t how = fuzz_byte(&in);
	struct list_page *whole, *cut;
	enum err err = parse(in, 0, &whole);

	CHECK((parse(in, how, &cut) == ERR_OK) == (err == ERR_OK));
	if (err == ERR_OK) {
		check_page(whole);
		CHECK(list_page_count(whole) == list_page_count(cut));
		for (size_t i = 0; i < list_page_count(cut); i++)
			CHECK(span_eq(list_page_at(whole, i).key,
			    list_page_at(cut, i).key));
	}
	list_page_free(&whole);
	list_page_free(&cut);
	return 0;
}
