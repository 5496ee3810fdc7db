/*
 * The process as the kernel sees it, under the names and meanings that
 * Prometheus's client libraries share ("Writing client libraries", process
 * metrics). (proc(5), getrusage(2), getrlimit(2).)
 */
#ifndef ADMIN_PROCESS_H
#define ADMIN_PROCESS_H

/* 0 for what the kernel does not tell. */
struct process {
	double cpu_seconds; /* user and system */
	double resident_bytes, virtual_bytes;
	double open_fds, max_fds;
};

void process_look(struct process *p);
/* Since 1970, by the clock as it is now: to be asked once, or the process would
 * seem to have begun anew whenever the clock is set. */
double process_start_seconds(void);

#endif
