/*
 * Runs the rows, each in a process of its own, and prints a table of them.
 *
 *   test_sim [PART OF A ROW'S NAME]
 *
 * Each row runs once, with a fresh seed and 1, 3 or 20 processes, in an order
 * that differs from run to run; PROCS=n: with n processes; PROCS=all: with
 * each number. SEED=n: with that seed. SIM_SECONDS=n: no more are begun after
 * so long (60). SIM_JOBS=n: so many at once (1). SIM_CI=1: those rows alone
 * that decide over CI. LOG=1: with the log.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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
	const char *procs = getenv("PROCS");
	bool all = procs != NULL && strcmp(procs, "all") == 0;
	bool ci = getenv("SIM_CI") != NULL;

	for (size_t i = 0; i < sim_nrows; i++) {
		if (strstr(sim_rows[i].name, part) == NULL ||
		    (ci && !sim_rows[i].decides))
			continue;
		for (size_t k = 0; k < (all ? 3 : 1); k++) {
			uint64_t seed = from_env("SEED", fresh_seed());

			jobs[njobs++] = (struct job){.row = &sim_rows[i],
			    .seed = seed,
			    .procs = all ? proc_counts[k]
					 : (unsigned)from_env(
					       "PROCS", proc_counts[seed % 3])};
		}
	}
}

/* So that no row is always left out when there is little time. */
static void
shuffle(void)
{
	for (size_t i = njobs; i > 1; i--) {
		size_t k = fresh_seed() % i;
		struct job j = jobs[k];

		jobs[k] = jobs[i - 1];
		jobs[i - 1] = j;
	}
}

static void
start(struct job *j)
{
	fflush(stdout);
	j->pid = fork();
	if (j->pid != 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* none is left behind */
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
	time_t end = time(NULL) + (time_t)from_env("SIM_SECONDS", 60);
	uint64_t at_once = from_env("SIM_JOBS", 1);
	size_t failed = 0, running = 0, done = 0;

	choose_jobs(argc > 1 ? argv[1] : "");
	shuffle();
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
	printf("%zu of %zu rows, %zu failed\n", done, njobs, failed);
	return failed > 0 || done == 0;
}
