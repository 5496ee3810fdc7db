/*
 * Runs the rows, each in a process of its own, and prints a table of them.
 *
 *   test_sim [PART OF A ROW'S NAME]
 *
 * SEED=n: with that seed instead of a fresh one; PROCS=n: with so many
 * processes instead of 1, 3 and 20. SIM_SECONDS=n: no more are begun after so
 * long. SIM_JOBS=n: so many at once (1). LOG=1: with the log, to be read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/fake/quiet.h"
#include "sim.h"

struct job {
	const struct sim_row *row;
	uint64_t seed;
	unsigned procs;
	pid_t pid;
};

static const unsigned proc_counts[] = {1, 3, 20};
static struct job jobs[1024];
static size_t njobs;

static uint64_t
from_env(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s != NULL ? strtoull(s, NULL, 10) : otherwise;
}

static uint64_t
fresh_seed(void)
{
	uint64_t n = 0;

	if (getrandom(&n, sizeof n, 0) != (ssize_t)sizeof n)
		n = (uint64_t)time(NULL);
	return n % 1000000000;
}

static void
choose_jobs(const char *part)
{
	unsigned only = (unsigned)from_env("PROCS", 0);

	for (size_t i = 0; i < sim_nrows; i++) {
		for (size_t k = 0; k < 3; k++) {
			if (strstr(sim_rows[i].name, part) == NULL ||
			    (only > 0 && k > 0))
				continue;
			jobs[njobs++] = (struct job){.row = &sim_rows[i],
			    .seed = from_env("SEED", fresh_seed()),
			    .procs = only > 0 ? only : proc_counts[k]};
		}
	}
}

static void
start(struct job *j)
{
	fflush(stdout);
	j->pid = fork();
	if (j->pid != 0)
		return;
	if (getenv("LOG") == NULL) {
		log_quiet();
		log_set_level(LOG_LVL_ERROR);
	}
	exit(sim_run(j->row, j->seed, j->procs) ? 0 : 1);
}

/* Waits for one; whether it was well. */
static bool
reap(void)
{
	int status;
	pid_t pid = wait(&status);

	for (size_t i = 0; i < njobs; i++) {
		struct job *j = &jobs[i];

		if (j->pid != pid)
			continue;
		if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
			printf("%-26s | %20llu | %2u | died\n", j->row->name,
			    (unsigned long long)j->seed, j->procs);
	}
	return status == 0;
}

int
main(int argc, char **argv)
{
	time_t end = time(NULL) + (time_t)from_env("SIM_SECONDS", 3600);
	uint64_t at_once = from_env("SIM_JOBS", 1);
	size_t failed = 0, running = 0, done = 0;

	choose_jobs(argc > 1 ? argv[1] : "");
	printf("%-26s | %20s | %2s | honest | p99 lag  | dlq/untr. | polls/h | "
	       "post/s | \n",
	    "row", "seed", "n");
	for (size_t i = 0; i < njobs && time(NULL) < end; i++) {
		if (running == at_once) {
			failed += !reap();
			running--;
		}
		start(&jobs[i]);
		running++;
		done++;
	}
	while (running-- > 0)
		failed += !reap();
	printf("%zu of %zu runs, %zu failed\n", done, njobs, failed);
	return failed > 0 || done == 0;
}
