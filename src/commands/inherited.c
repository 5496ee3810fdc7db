#include "commands/inherited.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/mem.h"
#include "commands/command.h"

/* Each with the mode in which it is of no use. */
static void
fill_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode) != fd)
			_exit(EXIT_TROUBLE);
	}
}

void
inherited_undo(void)
{
	sigset_t none;

	fill_standard_files();
	sigemptyset(&none);
	CHECK(sigprocmask(SIG_SETMASK, &none, NULL) == 0);
	CHECK(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}
