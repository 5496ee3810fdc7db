/*
 * What the service manager is told, as sd_notify(3) describes it: datagrams to
 * the socket that $NOTIFY_SOCKET names. Without one all of this does nothing.
 *
 * Nothing here blocks or fails: what the manager does not take is lost, but for
 * the later one of "ready" and "stopping", which is said again, with the next
 * status or the next meal of the watchdog, until it was taken.
 */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/timer.h"

struct service;

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment,
 * so that no child can speak for us. Never NULL. */
struct service *service_new(void);
void service_free(struct service **s);
/* Whether somebody listens. */
bool service_heard(const struct service *s);

/* Feeds the watchdog from the loop, twice as often as it asks for, if it is set
 * and meant for this process. timers is borrowed until service_free. */
void service_feed(struct service *s, struct timers *timers);

void service_ready(struct service *s);
void service_reloading(struct service *s); /* until the next service_ready */
/* The end will come within timeout_ms. */
void service_stopping(struct service *s, int64_t timeout_ms);
/* One line for people. The same one again is not sent. */
void service_status(struct service *s, const char *text);

#endif
