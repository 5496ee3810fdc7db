#include "daemon/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"

enum { STATUS_MAX = 512, DUE_MAX = 128 };

struct service {
	int fd; /* −1: nobody listens */
	struct sockaddr_un to;
	socklen_t to_len;
	int64_t feed_ms; /* 0: no watchdog */
	struct timer *feed;
	struct buf status; /* as told last */
	struct buf due;	   /* what must be told, but was not taken yet */
	bool failed;	   /* which was logged */
};

/* A path, or a name in the abstract namespace that begins with '@'. */
static bool
set_address(struct service *s, const char *name)
{
	size_t len = strlen(name);

	if ((*name != '/' && *name != '@') || len < 2 ||
	    len >= sizeof s->to.sun_path)
		return false;
	s->to.sun_family = AF_UNIX;
	memcpy(s->to.sun_path, name, len + 1);
	s->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (*name == '@')
		s->to.sun_path[0] = '\0';
	else
		s->to_len++;
	return true;
}

static void
open_socket(struct service *s)
{
	const char *name = getenv("NOTIFY_SOCKET");

	if (name == NULL)
		return;
	if (set_address(s, name))
		s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		LOG_DEBUG(
		    "notify", F_STR("problem", "NOTIFY_SOCKET cannot be used"));
}

/* Half of what the watchdog gives; 0: there is none, or it is not ours. */
static int64_t
feed_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t us, own;

	if (usec == NULL ||
	    span_u64(span_str(usec), 1, INT64_MAX, &us) != ERR_OK)
		return 0;
	if (pid != NULL &&
	    (span_u64(span_str(pid), 1, INT32_MAX, &own) != ERR_OK ||
		own != (uint64_t)getpid()))
		return 0;
	return us < 2000 ? 1 : (int64_t)(us / 2000);
}

struct service *
service_new(void)
{
	struct service *s = mem_zalloc(sizeof *s);

	s->fd = -1;
	buf_init(&s->status, STATUS_MAX);
	buf_init(&s->due, DUE_MAX);
	open_socket(s);
	if (s->fd >= 0)
		s->feed_ms = feed_ms();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return s;
}

void
service_free(struct service **sp)
{
	struct service *s = *sp;

	if (s == NULL)
		return;
	timer_free(&s->feed);
	buf_fini(&s->status);
	buf_fini(&s->due);
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s);
	*sp = NULL;
}

bool
service_heard(const struct service *s)
{
	return s->fd >= 0;
}

static bool
send_text(struct service *s, const char *text)
{
	if (s->fd < 0)
		return true;
	if (sendto(s->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		(const struct sockaddr *)(const void *)&s->to, s->to_len) >= 0)
		return true;
	if (!s->failed)
		LOG_DEBUG("notify",
		    F_STR("problem", "the service manager was not reached"),
		    F_STR("error", strerror(errno)));
	s->failed = true;
	return false;
}

static void
send_due(struct service *s)
{
	if (s->due.n > 0 && send_text(s, buf_cstr(&s->due)))
		buf_reset(&s->due);
}

static void
on_feed(void *arg)
{
	struct service *s = arg;

	send_due(s);
	send_text(s, "WATCHDOG=1");
	timer_after(s->feed, s->feed_ms);
}

void
service_feed(struct service *s, struct timers *timers)
{
	if (s->feed_ms == 0)
		return;
	s->feed = timer_new(timers, on_feed, s);
	timer_soon(s->feed);
}

void
service_ready(struct service *s)
{
	buf_reset(&s->due);
	buf_str(&s->due, "READY=1");
	send_due(s);
}

void
service_reloading(struct service *s)
{
	struct buf b;

	buf_init(&b, 128);
	buf_printf(
	    &b, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_awake_us());
	send_text(s, buf_cstr(&b));
	buf_fini(&b);
}

void
service_stopping(struct service *s, int64_t timeout_ms)
{
	buf_reset(&s->due);
	buf_printf(&s->due, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRId64,
	    timeout_ms * 1000);
	send_due(s);
}

void
service_status(struct service *s, const char *text)
{
	struct span now = {text, strnlen(text, STATUS_MAX)};
	struct buf b;

	send_due(s);
	if (span_eq(now, buf_view(&s->status)))
		return;
	buf_init(&b, STATUS_MAX + sizeof "STATUS=");
	buf_str(&b, "STATUS=");
	enc_visible(&b, now);
	buf_reset(&s->status);
	if (send_text(s, buf_cstr(&b)))
		buf_span(&s->status, now);
	buf_fini(&b);
}
