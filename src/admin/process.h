/*
 * The process as the kernel sees it, under the names and meanings that
 * Prometheus's client libraries share ("Writing client libraries", process
 * metrics). (proc(5), getrusage(2), getrlimit(2).)
 */
#ifndef ADMIN_PROCESS_H
#define ADMIN_PROCESS_H

/* 0 for what the kernel does not tell. */
struct process {
	double cpu_seconds;   /* user and system */
	double start_seconds; /* since 1970 */
	double resident_bytes, virtual_bytes;
	double open_fds, max_fds;
};

void process_look(struct process *p);

#endif
