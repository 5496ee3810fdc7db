/* JSON documents: the same tree whole and cut; and strings that we write can be
 * read back. */
#include "fuzz.h"

#include "base/buf.h"
#include "base/enc.h"
#include "base/json.h"

enum { TREE_MAX = 64 * 1024, DUMP_MAX = 1 << 24 };

static void
dump(struct buf *out, const struct json_node *n, unsigned depth)
{
	uint64_t number;

	CHECK(depth <= JSON_DEPTH_MAX);
	for (; n != NULL; n = n->next) {
		buf_printf(
		    out, "%d %d %zu:", (int)n->type, n->boolean, n->text.n);
		buf_span(out, n->text);
		buf_printf(out, " %zu:", n->key.n);
		buf_span(out, n->key);
		if (json_u64(n, &number) == ERR_OK)
			buf_printf(out, " %llu", (unsigned long long)number);
		buf_char(out, '(');
		dump(out, n->child, depth + 1);
		buf_char(out, ')');
	}
}

static enum err
parse(struct span s, uint8_t how, struct buf *tree)
{
	struct json *j = json_new(TREE_MAX);
	const struct json_node *root = NULL;
	struct fuzz_cut cut;
	enum err err = ERR_OK;

	buf_init(tree, DUMP_MAX);
	fuzz_cut_init(&cut, s, how);
	while (err == ERR_OK && fuzz_cut_next(&cut))
		err = json_feed(j, cut.piece);
	fuzz_cut_fini(&cut);
	CHECK(err == ERR_OK || json_finish(j, &root) == err);
	if (err == ERR_OK)
		err = json_finish(j, &root);
	if (err == ERR_OK) {
		CHECK(root != NULL);
		dump(tree, root, 0);
	}
	json_free(&j);
	return err;
}

/* What a string says after it was read again: bytes that make no text are
 * U+FFFD, all else is as it was. */
static void
expect(struct buf *b, struct span s)
{
	size_t n;

	buf_init(b, DUMP_MAX);
	for (; s.n > 0; s.p += n, s.n -= n) {
		if (enc_utf8(s, &n) == ENC_BAD)
			buf_str(b, "\xef\xbf\xbd");
		else
			buf_add(b, s.p, n);
	}
}

static void
check_string(struct span s)
{
	const struct json_node *root;
	struct buf text, wanted;
	struct json *j;

	buf_init(&text, DUMP_MAX);
	expect(&wanted, s);
	enc_json_string(&text, s);
	CHECK(text.err == ERR_OK && wanted.err == ERR_OK);
	CHECK(json_parse(buf_view(&text), DUMP_MAX, &j, &root) == ERR_OK);
	CHECK(json_is(root, JSON_STRING) &&
	      span_eq(json_str(root), buf_view(&wanted)));
	json_free(&j);
	buf_fini(&text);
	buf_fini(&wanted);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = {(const char *)data, n};
	uint8_t how = fuzz_byte(&in);
	struct buf whole, cut;
	enum err err = parse(in, 0, &whole);

	CHECK(parse(in, how, &cut) == err);
	CHECK(span_eq(buf_view(&cut), buf_view(&whole)));
	buf_fini(&whole);
	buf_fini(&cut);
	check_string(in);
	return 0;
}
