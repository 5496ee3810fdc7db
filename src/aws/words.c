#include "aws/words.h"

#include "base/mem.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Copies the next word to *to and moves both on. */
static enum err
take_word(struct span *s, char **to)
{
	char quote = '\0';

	for (; s->n > 0; s->p++, s->n--) {
		char c = *s->p;

		if (quote == '\0' && is_blank(c))
			break;
		if (quote == '\0' && (c == '\'' || c == '"')) {
			quote = c;
		} else if (c == quote && quote != '\0') {
			quote = '\0';
		} else if (c == '\\' && quote != '\'' && s->n > 1 &&
			   (quote == '\0' || s->p[1] == '"' ||
			       s->p[1] == '\\')) {
			s->p++;
			s->n--;
			*(*to)++ = *s->p;
		} else {
			*(*to)++ = c;
		}
	}
	*(*to)++ = '\0';
	return quote == '\0' ? ERR_OK : ERR_SYNTAX;
}

enum err
words_split(struct span line, struct words *w)
{
	enum err err = ERR_OK;
	char *to;

	*w = (struct words){.text = mem_alloc(line.n + 2)};
	to = w->text;
	while (err == ERR_OK) {
		while (line.n > 0 && is_blank(*line.p)) {
			line.p++;
			line.n--;
		}
		if (line.n == 0)
			break;
		if (w->n == WORDS_MAX)
			return ERR_LIMIT;
		w->argv[w->n++] = to;
		err = take_word(&line, &to);
	}
	return w->n > 0 ? err : ERR_SYNTAX;
}

void
words_fini(struct words *w)
{
	mem_free(w->text);
	*w = (struct words){.text = NULL};
}
