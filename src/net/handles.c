/*
 * What a request has of the multi handle, and gives back: a handle of curl's,
 * and its turn.
 */
#include "base/mem.h"
#include "net/http_internal.h"

CURL *
http_take_easy(struct http *h)
{
	CURL *easy = h->nspare > 0 ? h->spare[--h->nspare] : curl_easy_init();

	CHECK(easy != NULL);
	return easy;
}

void
http_put_easy(struct http *h, CURL *easy, bool clean)
{
	if (!clean || h->nspare == HTTP_SPARE_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	h->spare[h->nspare++] = easy;
}

void
http_ready(struct http *h, struct request *r)
{
	if (r->is_ready)
		return;
	LIST_INSERT_HEAD(&h->ready, r, ready);
	r->is_ready = true;
	timer_soon(h->turn_timer);
}
