/*
 * What a log file's records are, said once more and otherwise: by recursive
 * descent over the whole text. For texts of less than SLICER_OUTSIDE_MAX bytes;
 * included by what compares it with the slicer.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"
#include "trail/slicer.h"

enum model_token {
	MODEL_END, /* the text, or what may be looked at of it, ends */
	MODEL_BAD,
	MODEL_DEEP,
	MODEL_SCALAR,
	MODEL_NULL,
	MODEL_STRING,
	MODEL_SIGN, /* { } [ ] : , */
	MODEL_OK,
};

struct model {
	const char *p, *end;
	size_t max_record;
	unsigned depth, index;
	struct span string; /* the last one, between its quotes */
	char sign;
	struct buf *out;
};

static bool
model_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static enum model_token
model_string(struct model *m)
{
	m->string.p = m->p;
	while (m->p < m->end) {
		char c = *m->p++;

		if ((unsigned char)c < ' ')
			return MODEL_BAD;
		if (c == '"') {
			m->string.n = (size_t)(m->p - 1 - m->string.p);
			return MODEL_STRING;
		}
		if (c != '\\')
			continue;
		if (m->p == m->end)
			return MODEL_END;
		c = *m->p++;
		if (!model_in(c, "\"\\/bfnrtu"))
			return MODEL_BAD;
		for (int i = 0; c == 'u' && i < 4; i++) {
			if (m->p == m->end)
				return MODEL_END;
			if (!model_in(*m->p++, "0123456789abcdefABCDEF"))
				return MODEL_BAD;
		}
	}
	return MODEL_END;
}

static enum model_token
model_literal(struct model *m, const char *rest, enum model_token token)
{
	for (; *rest != '\0'; rest++) {
		if (m->p == m->end)
			return MODEL_END;
		if (*m->p++ != *rest)
			return MODEL_BAD;
	}
	return token;
}

/* Digits, at least so many; MODEL_END if they may go on. */
static enum model_token
model_digits(struct model *m, int least)
{
	int n = 0;

	while (m->p < m->end && *m->p >= '0' && *m->p <= '9') {
		m->p++;
		n++;
	}
	if (m->p == m->end)
		return MODEL_END;
	return n < least ? MODEL_BAD : MODEL_OK;
}

static enum model_token
model_number(struct model *m)
{
	enum model_token t = MODEL_OK;

	m->p--;
	m->p += *m->p == '-';
	if (m->p < m->end && *m->p == '0')
		m->p++;
	else
		t = model_digits(m, 1);
	if (t == MODEL_OK && m->p < m->end && *m->p == '.') {
		m->p++;
		t = model_digits(m, 1);
	}
	if (t == MODEL_OK && m->p < m->end && model_in(*m->p, "eE")) {
		m->p++;
		m->p += m->p < m->end && model_in(*m->p, "+-");
		t = model_digits(m, 1);
	}
	if (t == MODEL_OK)
		t = m->p == m->end ? MODEL_END : MODEL_SCALAR;
	return t;
}

static void
model_blanks(struct model *m)
{
	while (m->p < m->end && model_in(*m->p, " \t\n\v\f\r"))
		m->p++;
}

static enum model_token
model_next(struct model *m)
{
	model_blanks(m);
	if (m->p == m->end)
		return MODEL_END;
	m->sign = *m->p++;
	if (model_in(m->sign, "{}[]:,"))
		return MODEL_SIGN;
	if (m->sign == '"')
		return model_string(m);
	if (m->sign == 't')
		return model_literal(m, "rue", MODEL_SCALAR);
	if (m->sign == 'f')
		return model_literal(m, "alse", MODEL_SCALAR);
	if (m->sign == 'n')
		return model_literal(m, "ull", MODEL_NULL);
	if (model_in(m->sign, "-0123456789"))
		return model_number(m);
	return MODEL_BAD;
}

/* The next token is this sign. */
static enum model_token
model_expect(struct model *m, const char *signs)
{
	enum model_token t = model_next(m);

	if (t < MODEL_SCALAR)
		return t;
	return t == MODEL_SIGN && model_in(m->sign, signs) ? MODEL_OK
							   : MODEL_BAD;
}

static enum model_token model_value(struct model *m, enum model_token t);

/* Behind its bracket. */
static enum model_token
model_list(struct model *m, bool is_map)
{
	const char *ends = is_map ? ",}" : ",]";
	bool first = true;

	if (m->depth == SLICER_DEPTH_MAX)
		return MODEL_DEEP;
	m->depth++;
	for (;; first = false) {
		enum model_token t = model_next(m);

		if (t < MODEL_SCALAR)
			return t;
		if (first && t == MODEL_SIGN && m->sign == ends[1])
			break;
		if (is_map && t != MODEL_STRING)
			return MODEL_BAD;
		if (is_map && (t = model_expect(m, ":")) != MODEL_OK)
			return t;
		t = model_value(m, is_map ? model_next(m) : t);
		if (t != MODEL_OK)
			return t;
		t = model_expect(m, ends);
		if (t != MODEL_OK)
			return t;
		if (m->sign == ends[1])
			break;
	}
	m->depth--;
	return MODEL_OK;
}

/* The value that begins with the token t. */
static enum model_token
model_value(struct model *m, enum model_token t)
{
	if (t < MODEL_SCALAR)
		return t;
	if (t != MODEL_SIGN)
		return MODEL_OK;
	if (!model_in(m->sign, "{["))
		return MODEL_BAD;
	return model_list(m, m->sign == '{');
}

/* The end of a value by its brackets alone; false if there is none. */
static bool
model_skip(struct model *m)
{
	static char open[SLICER_DEPTH_MAX];
	size_t depth = 0;

	do {
		char c;

		if (m->p == m->end)
			return false;
		c = *m->p++;
		if (c == '"') {
			for (; m->p < m->end && *m->p != '"'; m->p++) {
				if ((unsigned char)*m->p < ' ')
					return false;
				if (*m->p == '\\' && ++m->p == m->end)
					return false;
				if ((unsigned char)*m->p < ' ')
					return false;
			}
			if (m->p++ >= m->end)
				return false;
		} else if (c == '{' || c == '[') {
			if (depth < SLICER_DEPTH_MAX)
				open[depth] = c;
			depth++;
		} else if (c == '}' || c == ']') {
			depth--;
			if (depth < SLICER_DEPTH_MAX &&
			    open[depth] != (c == '}' ? '{' : '['))
				return false;
		} else if (depth == 0) {
			while (
			    m->p < m->end && !model_in(*m->p, " \t\n\v\f\r,]}"))
				m->p++;
			return m->p < m->end;
		}
	} while (depth > 0);
	return true;
}

static void
model_record(struct model *m, const char *from)
{
	for (; from < m->p; from++) {
		if (!model_in(*from, "\n\v\f\r"))
			buf_char(m->out, *from);
	}
	buf_char(m->out, '\n');
	m->index++;
}

static void
model_left_out(struct model *m, const char *cause)
{
	buf_printf(m->out, "-%u %s\n", m->index++, cause);
}

/* One element of Records. */
static bool
model_element(struct model *m)
{
	const char *end = m->end, *from = m->p;
	bool is_object = *from == '{';
	unsigned depth = m->depth;
	enum model_token t;

	if ((size_t)(end - from) >= m->max_record)
		m->end = from + m->max_record;
	t = model_value(m, model_next(m));
	if (t == MODEL_BAD || (t == MODEL_END && m->end == end &&
				  (size_t)(end - from) != m->max_record))
		return false;
	m->end = end;
	if (t == MODEL_OK && is_object) {
		model_record(m, from);
		return true;
	}
	if (t != MODEL_OK) {
		m->p = from;
		m->depth = depth;
		if (!model_skip(m))
			return false;
	}
	model_left_out(m, !is_object	    ? "no_object"
			  : t == MODEL_DEEP ? "too_deep"
					    : "too_long");
	return true;
}

/* The elements, behind the bracket. */
static bool
model_records(struct model *m)
{
	bool first = true;

	m->depth++;
	for (;; first = false) {
		model_blanks(m);
		if (m->p == m->end)
			return false;
		if (first && *m->p == ']') {
			m->p++;
			break;
		}
		if (!model_element(m) || model_expect(m, ",]") != MODEL_OK)
			return false;
		if (m->sign == ']')
			break;
	}
	m->depth--;
	return true;
}

static bool
model_is_records(struct span key)
{
	char name[8];
	size_t n = 0;

	for (size_t i = 0; i < key.n && n < sizeof name; i++) {
		char c = key.p[i];

		if (c == '\\' && key.p[i + 1] == 'u') {
			char hex[5] = {0};

			memcpy(hex, key.p + i + 2, 4);
			c = (char)strtoul(hex, NULL, 16);
			if (strtoul(hex, NULL, 16) > 127)
				c = '?';
			i += 5;
		} else if (c == '\\') {
			return false;
		}
		name[n++] = c;
	}
	return span_is((struct span){name, n}, "Records");
}

static bool
model_member(struct model *m, bool *found)
{
	bool wanted = model_is_records(m->string);
	enum model_token t = model_expect(m, ":");

	if (t != MODEL_OK)
		return false;
	t = model_next(m);
	if (!wanted)
		return model_value(m, t) == MODEL_OK;
	*found = true;
	if (t == MODEL_NULL)
		return true;
	return t == MODEL_SIGN && m->sign == '[' && model_records(m);
}

/* A document that is an object, behind its brace. */
static bool
model_object(struct model *m)
{
	bool found = false, first = true;

	m->depth++;
	for (;; first = false) {
		enum model_token t = model_next(m);

		if (first && t == MODEL_SIGN && m->sign == '}')
			break;
		if (t != MODEL_STRING || !model_member(m, &found) ||
		    model_expect(m, ",}") != MODEL_OK)
			return false;
		if (m->sign == '}')
			break;
	}
	m->depth--;
	return found;
}

/* The records and what is left out, each a line in *out, up to where the text
 * is wrong; false if it is. */
static bool
records_model(struct span text, size_t max_record, struct buf *out)
{
	struct model m = {
	    .p = text.p,
	    .end = text.p + text.n,
	    .max_record = max_record,
	    .out = out,
	};
	bool any = text.n == 0;

	for (;;) {
		model_blanks(&m);
		if (m.p == m.end)
			return any;
		if (model_next(&m) != MODEL_SIGN)
			return false;
		if (m.sign == '{' ? !model_object(&m)
				  : m.sign != '[' || !model_records(&m))
			return false;
		any = true;
	}
}
