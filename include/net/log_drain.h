/*
 * Lets the loop write what the log's reader has not taken yet (log_drain in
 * base/log.h), as soon as it takes more.
 */
#ifndef NET_LOG_DRAIN_H
#define NET_LOG_DRAIN_H

struct ev_loop;
struct log_drain;

/* The loop is borrowed, and is not kept running by this. */
struct log_drain *log_drain_new(struct ev_loop *loop);
void log_drain_free(struct log_drain **d);

#endif
