/*
 * Lack of memory: a scenario is run over and over, and each time another one of
 * its allocations fails, those of the libraries too; once alone, once with all
 * that follow. Each run is a process of its own and must end in one of two
 * ways: the scenario returns, and all that it took was given back; or it dies
 * as base/mem.h says, with status 70 and a line that tells why. A crash, an
 * abort or a leak fails.
 */
#ifndef OOM_H
#define OOM_H

#include <stdbool.h>

struct oom_scenario {
	const char *name;
	void (*run)(void); /* leaves nothing allocated */
	/* A library that cannot go on ends in abort(); then stderr has one of
	 * these texts. A library may forget what it took, too. */
	const char *last_words[3];
	bool may_leak;
};

/* Runs all, up to one without a name, and ends with a line "N passed, N
 * failed"; what main returns. */
int oom_main(const struct oom_scenario *s);

#endif
