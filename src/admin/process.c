#include "admin/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* Numbers of the fields of /proc/self/stat, the first of which is 1. */
enum { FIELD_STATE = 3, FIELD_START = 22, FIELD_VSIZE = 23, FIELD_RSS = 24 };

static double
cpu_seconds(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) != 0)
		return 0;
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct span
read_stat(char *text, size_t size)
{
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, text, size);
		(void)close(fd);
	}
	return (struct span){text, n > 0 ? (size_t)n : 0};
}

/* The second field is the program's name in brackets, which may hold blanks and
 * brackets itself. */
static struct span
after_name(struct span s)
{
	const char *end = s.n > 0 ? memrchr(s.p, ')', s.n) : NULL;
	size_t skip;

	if (end == NULL || (size_t)(end - s.p) + 2 > s.n)
		return SPAN("");
	skip = (size_t)(end - s.p) + 2;
	return (struct span){s.p + skip, s.n - skip};
}

/* Field number want, or 0. */
static double
read_field(int want)
{
	char text[1024];
	struct span s = after_name(read_stat(text, sizeof text));
	uint64_t n;

	for (int i = FIELD_STATE; i < want; i++)
		(void)span_cut(&s, ' ');
	if (span_u64(span_cut(&s, ' '), 0, UINT64_MAX, &n) != ERR_OK)
		return 0;
	return (double)n;
}

/* It is told in ticks since the machine began. */
double
process_start_seconds(void)
{
	double ticks = read_field(FIELD_START), up;
	struct timespec now;
	long hz = sysconf(_SC_CLK_TCK);

	if (hz <= 0 || clock_gettime(CLOCK_BOOTTIME, &now) != 0)
		return 0;
	up = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	return (double)clock_wall_ms() / 1e3 - (up - ticks / (double)hz);
}

/* But for the one that looking costs. */
static double
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	double n = -1;

	if (dir == NULL)
		return 0;
	for (const struct dirent *e; (e = readdir(dir)) != NULL;)
		n += e->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

void
process_look(struct process *p)
{
	struct rlimit limit;

	*p = (struct process){.cpu_seconds = cpu_seconds(),
	    .virtual_bytes = read_field(FIELD_VSIZE),
	    .resident_bytes =
		read_field(FIELD_RSS) * (double)sysconf(_SC_PAGESIZE),
	    .open_fds = count_fds()};
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		p->max_fds = (double)limit.rlim_cur;
}
