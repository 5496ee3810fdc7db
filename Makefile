# trailpost: build, test, install. `make help` lists the targets.
VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
# Where your people find these documents: the alerts, the image and the packages refer
# to it. There is no public address.
SITE ?= https://trailpost.example
SYSCONFDIR ?= /etc
SYSTEMDUNITDIR ?= $(PREFIX)/lib/systemd/system
DOCDIR ?= $(PREFIX)/share/doc/trailpost
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
EXAMPLES := $(addprefix etc/,cloudformation ecs grafana kubernetes \
	prometheus trailpost.conf)
BUILD ?= build
CC ?= cc
CLANG := $(firstword $(shell command -v clang-14 clang) clang)
PYTHON ?= /usr/bin/python3

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wformat=2 -Wvla -Wundef -Wwrite-strings -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wswitch-enum -Wnull-dereference
# Of these, what the compiler takes for its target: gcc's own warnings, and what
# guards jumps on amd64 and on arm64.
MAYBE := -Wimplicit-fallthrough=5 -Wduplicated-cond -Wlogical-op \
	-fstack-clash-protection -fcf-protection -mbranch-protection=standard
HARDEN := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fPIE
LINK_HARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack
OPT := -O2 -g

# A variant is a set of flags with a build folder of its own.
ifeq ($(VARIANT),asan)
BUILD := build/asan
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -fPIE
LINK_HARDEN := -pie -fsanitize=address,undefined
OPT := -O1 -g
WARN += -Wno-null-dereference
endif
ifeq ($(VARIANT),fuzz)
BUILD := build/fuzz
CC := $(CLANG)
HARDEN := -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer -fPIE
LINK_HARDEN := -pie -fsanitize=address,undefined
OPT := -O1 -g
endif
ifeq ($(VARIANT),cov)
BUILD := build/cov
HARDEN := --coverage
LINK_HARDEN := --coverage
OPT := -O0 -g
endif
# Only to be read by the compiler: nothing that is built so is run.
ifeq ($(VARIANT),analyzer)
BUILD := build/analyzer
HARDEN := -fanalyzer -Werror
endif

PROBED := $(shell for flag in $(MAYBE); do \
	$(CC) -Werror $$flag -x c -c -o /dev/null /dev/null 2>/dev/null && \
	echo $$flag; done)

# What compresses: isal, or zlib. Inflating is zlib's business in any case.
PKG_CONFIG ?= pkg-config
CODEC ?= $(if $(shell $(PKG_CONFIG) --exists libisal 2>/dev/null && \
	echo yes),isal,zlib)
ifeq ($(CODEC),isal)
CODEC_DEFS := -DGZIP_ISAL
CODEC_LIBS := $(shell $(PKG_CONFIG) --libs libisal)
CODEC_NAME := ISA-L
else ifeq ($(CODEC),zlib)
CODEC_NAME := zlib
else
$(error CODEC is isal or zlib)
endif

DEFS := -D_GNU_SOURCE -DTRAILPOST_VERSION='"$(VERSION)"'
# The user's CFLAGS, CPPFLAGS and LDFLAGS add to ours; they replace nothing.
ALL_CFLAGS = -std=c11 $(OPT) $(WARN) $(PROBED) $(HARDEN) $(DEFS) \
	-Iinclude -Isrc -MMD -MP $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LINK_HARDEN) $(LDFLAGS)
LIBS := -lcurl -lev -lyajl -lz -lcrypto -lexpat -lmicrohttpd -lm $(CODEC_LIBS)

SRC := $(wildcard src/*/*.c)
ifeq ($(CODEC),zlib)
SRC := $(filter-out src/sink/gzip_isal.c,$(SRC))
endif
OBJ := $(SRC:%.c=$(BUILD)/%.o)
MAIN := $(BUILD)/src/commands/main.o
LIB := $(BUILD)/libtrailpost.a
BIN := $(BUILD)/trailpost

UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)
# What rests on the codec is tested with the other one, too: a program more for
# each of these, with a gzip.o that does not know of ISA-L.
BOTH_CODECS := $(patsubst %,$(BUILD)/tests/unit/sink/test_%,gzip batcher split)
ifeq ($(CODEC),isal)
UNIT += $(BOTH_CODECS:%=%-zlib)
endif
# Helpers that several tests of http share. They come before the library, so a
# stand-in defined there wins over the real module.
UNIT_HELP_SRC := $(filter-out $(UNIT_SRC),$(wildcard tests/unit/net/*.c))
UNIT_HELP := $(BUILD)/libunithelp.a
SIM_SRC := $(wildcard tests/sim/*.c)
SIM := $(BUILD)/tests/sim/test_sim
ORACLE := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/oracle/*.c))
FLOOR := $(BUILD)/tests/bench/floor
BENCH := $(FLOOR) $(BUILD)/tests/bench/levels
FUZZ := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 30
OOM := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/oom/oom_*.c))
CLANG_FORMAT := $(firstword $(shell command -v clang-format-14 clang-format))
FORMATTED := $(wildcard include/*/*.h src/*/*.[ch] tests/unit/*/*.[ch] \
	tests/oracle/*.c tests/bench/*.c tests/fuzz/*.[ch] \
	tests/oom/*.[ch] tests/sim/*.[ch])

# What a person reads: QUIET=1 leaves out the names of the files compiled.
SAY = @$(if $(QUIET),:,echo)
# A make inside make: as many jobs as there are cores unless told otherwise.
SUBMAKE = $(MAKE) --no-print-directory \
	$(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
RUN = BUILD="$(BUILD)" PYTHON="$(PYTHON)" TRAILPOST="$(abspath $(BIN))" \
	CLANG_FORMAT="$(CLANG_FORMAT)" sh tests/run.sh

.DEFAULT_GOAL := all
.PHONY: all
all: $(BIN)

$(BIN): $(MAIN) $(LIB)
	$(SAY) "  LINK  $@, deflate by $(CODEC_NAME)"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(MAIN) $(LIB) $(LIBS)

# cmocka 2 would have functions in the place of some that 1 lacks.
$(BUILD)/tests/unit/%.o: DEFS += -DCMOCKA_DISABLE_DEPRECATION_WARNINGS \
	-Itests/unit

$(LIB): $(filter-out $(MAIN),$(OBJ))
	@rm -f $@
	@$(AR) rcs $@ $^

$(UNIT_HELP): $(UNIT_HELP_SRC:%.c=$(BUILD)/%.o)
	@rm -f $@
	@$(AR) rcs $@ $^

# Another codec than that of the last build: what knows it is made anew.
$(shell mkdir -p $(BUILD) && { echo $(CODEC) | cmp -s - $(BUILD)/codec || \
	echo $(CODEC) >$(BUILD)/codec; })
$(BUILD)/src/sink/gzip.o: $(BUILD)/codec
$(BUILD)/src/sink/gzip.o $(BUILD)/tests/fuzz/fuzz_gzip.o: \
	ALL_CFLAGS += $(CODEC_DEFS)

$(BUILD)/gzip-zlib.o: src/sink/gzip.c
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(UNIT_SRC:%.c=$(BUILD)/%): %: %.o $(UNIT_HELP) $(LIB)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(UNIT_HELP) $(LIB) \
		$(LIBS) -lcmocka

$(SIM): $(SIM_SRC:%.c=$(BUILD)/%.o) $(LIB)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BOTH_CODECS:%=%-zlib): %-zlib: %.o $(BUILD)/gzip-zlib.o $(UNIT_HELP) $(LIB)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(ORACLE) $(BENCH): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LIBS)

ifeq ($(VARIANT),analyzer)
# It cannot know that next_up names no time without an item.
$(BUILD)/src/sink/delivery.o: ALL_CFLAGS += -Wno-analyzer-null-dereference
endif

$(FUZZ): ALL_CFLAGS += -Itests/unit
$(FUZZ): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/tests/fuzz/fuzz.o $(LIB)
	@$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# They have a malloc of their own, for the libraries too.
$(OOM): ALL_CFLAGS += -Itests/unit
$(OOM): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/tests/oom/oom.o $(LIB)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

.PRECIOUS: $(BUILD)/%.o
-include $(OBJ:.o=.d) $(UNIT_SRC:%.c=$(BUILD)/%.d) \
	$(UNIT_HELP_SRC:%.c=$(BUILD)/%.d) $(ORACLE:=.d) $(BENCH:=.d) \
	$(FUZZ:=.d) $(BUILD)/tests/fuzz/fuzz.d $(OOM:=.d) \
	$(BUILD)/tests/oom/oom.d $(SIM_SRC:%.c=$(BUILD)/%.d)

UNITS := trailpost.service trailpost@.service
.PHONY: install uninstall
# The guide lies as it does here, so that its links and commands hold there.
install: $(BIN)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SYSCONFDIR)/trailpost
	install -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/trailpost
	install -m 644 etc/trailpost.conf \
		$(DESTDIR)$(SYSCONFDIR)/trailpost/trailpost.conf.example
	install -D -m 644 docs/man/trailpost.8 \
		$(DESTDIR)$(PREFIX)/share/man/man8/trailpost.8
	install -D -m 644 docs/man/trailpost.conf.5 \
		$(DESTDIR)$(PREFIX)/share/man/man5/trailpost.conf.5
	install -D -m 644 etc/completion/trailpost.bash \
		$(DESTDIR)$(BASHDIR)/trailpost
	install -D -m 644 etc/completion/trailpost.zsh \
		$(DESTDIR)$(ZSHDIR)/_trailpost
	install -D -m 644 etc/completion/trailpost.fish \
		$(DESTDIR)$(FISHDIR)/trailpost.fish
	install -d $(DESTDIR)$(DOCDIR)/docs $(DESTDIR)$(DOCDIR)/etc
	install -m 644 README.md CHANGELOG.md CONTRIBUTING.md LICENSE \
		$(DESTDIR)$(DOCDIR)
	install -m 644 docs/*.md docs/*.svg docs/*.png \
		$(DESTDIR)$(DOCDIR)/docs
	cp -R $(EXAMPLES) $(DESTDIR)$(DOCDIR)/etc
	sed -i 's|https://trailpost\.example/|$(SITE)/|' \
		$(DESTDIR)$(DOCDIR)/etc/prometheus/trailpost.rules.yml
	install -d $(DESTDIR)$(SYSTEMDUNITDIR)
	for unit in $(UNITS); do \
		sed -e 's|/usr/local/bin/|$(PREFIX)/bin/|' \
			-e 's|/etc/trailpost/|$(SYSCONFDIR)/trailpost/|' \
			-e 's|/etc/default/|$(SYSCONFDIR)/default/|' \
			systemd/$$unit >$(DESTDIR)$(SYSTEMDUNITDIR)/$$unit && \
		chmod 644 $(DESTDIR)$(SYSTEMDUNITDIR)/$$unit || exit 1; \
	done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/trailpost \
		$(UNITS:%=$(DESTDIR)$(SYSTEMDUNITDIR)/%) \
		$(DESTDIR)$(PREFIX)/share/man/man8/trailpost.8 \
		$(DESTDIR)$(PREFIX)/share/man/man5/trailpost.conf.5 \
		$(DESTDIR)$(BASHDIR)/trailpost \
		$(DESTDIR)$(ZSHDIR)/_trailpost \
		$(DESTDIR)$(FISHDIR)/trailpost.fish \
		$(DESTDIR)$(SYSCONFDIR)/trailpost/trailpost.conf.example
	rm -rf $(DESTDIR)$(DOCDIR)

# A package for Debian and Ubuntu: etc/debian says how, on a copy of the tree. For
# another architecture: ARCH=arm64, after dpkg --add-architecture arm64.
DEB := build/deb
ARCH ?=
comma := ,
.PHONY: deb
deb: setup-deb
	@rm -rf $(DEB) && mkdir -p $(DEB)/tree
	@cp -R Makefile *.md LICENSE include src etc systemd docs $(DEB)/tree
	@cp -R etc/debian $(DEB)/tree/debian
	@cd $(DEB)/tree && env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES \
		dpkg-buildpackage --build=binary --no-sign -jauto \
		$(if $(ARCH),--host-arch $(ARCH) -Pcross$(comma)nocheck)
	@ls $(DEB)/*.deb

# The same for Amazon Linux 2023 and Fedora. Debian's rpmbuild does too: it then goes
# by the libraries that are there, since rpm knows of no package.
RPM := build/rpm
.PHONY: rpm
rpm: setup-rpm
	@rm -rf $(RPM) && mkdir -p $(RPM)/tree
	@cp -R Makefile *.md LICENSE include src etc systemd docs $(RPM)/tree
	@cd $(RPM)/tree && env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES \
		rpmbuild -bb --build-in-place --define "_topdir $(CURDIR)/$(RPM)" \
		--define "trailpost_version $(VERSION)" \
		--define "trailpost_site $(SITE)" \
		$(if $(wildcard /etc/debian_version),--nodeps) etc/rpm/trailpost.spec
	@ls $(RPM)/RPMS/*/*.rpm

# The image; DOCKER=podman or buildah does as well. Their own format has no
# HEALTHCHECK.
DOCKER ?= docker
IMAGE_FORMAT := $(if $(filter podman buildah,$(notdir $(DOCKER))),--format docker)
.PHONY: image
image:
	$(DOCKER) build $(IMAGE_FORMAT) -f etc/container/Dockerfile \
		$(if $(ARCH),--platform linux/$(ARCH)) \
		--build-arg SOURCE=$(SITE) \
		-t trailpost -t trailpost:$(VERSION) .

# What a machine lacks for a target is installed first (tests/setup.sh).
SETUPS := setup-build setup-test setup-fuzz setup-analyze setup-bench \
	setup-deb setup-rpm setup-heavy setup-reach setup-systemd
.PHONY: $(SETUPS)
$(SETUPS): setup-%:
	@ARCH="$(ARCH)" sh tests/setup.sh $*

.PHONY: demo
demo: setup-build
	@$(MAKE) -q $(BIN) >/dev/null 2>&1 || echo "building trailpost ..."
	@$(SUBMAKE) -s QUIET=1 all
	@TRAILPOST="$(abspath $(BIN))" LOGS="$(LOGS)" \
		$(PYTHON) tests/demo/demo.py

# Tests. Their whole output is kept in $(BUILD)/log.
.PHONY: test-programs
test-programs: $(BIN) $(UNIT) $(SIM) $(ORACLE) $(if $(VARIANT),,$(OOM))

.PHONY: check check-quick check-unit check-oracle check-integration check-asan
check: setup-test setup-systemd
	@$(SUBMAKE) QUIET=1 test-programs
	@$(RUN) lint unit oracle oom integration systemd

# All but the integration tests: half a minute.
check-quick: setup-test
	@$(SUBMAKE) QUIET=1 test-programs
	@$(RUN) lint unit oracle oom

check-unit: $(UNIT)
	@$(RUN) unit

# Hours of load beside faults, in virtual time; SIM_SECONDS is the budget.
.PHONY: check-sim
check-sim: $(SIM)
	@$(SIM)

# Those of them that hold with any seed, as many as a minute has room for.
.PHONY: check-sim-ci
check-sim-ci: $(SIM)
	@SIM_CI=1 PROCS=all SIM_SECONDS=60 SIM_JOBS=2 $(SIM)

check-oracle: $(ORACLE)
	@$(RUN) oracle

check-integration: $(BIN)
	@$(RUN) integration

# The units under a systemd of their own, where that can be booted: a minute.
.PHONY: check-systemd
check-systemd: setup-systemd
	@$(SUBMAKE) -s QUIET=1 $(BIN)
	@$(RUN) systemd

# The image, the package and the page, on what they run on: minutes, most of them
# for what heavy-images makes beforehand where there is time for it.
.PHONY: check-heavy heavy-images
heavy-images: setup-heavy
	@$(PYTHON) tests/heavy/image.py

check-heavy: setup-heavy
	@$(SUBMAKE) -s QUIET=1 $(BIN)
	@$(RUN) heavy

# In bare Debians of each release, for each architecture, with each compiler; of
# them alone what a change of their files takes, for CI.
.PHONY: check-reach check-reach-ci
check-reach: setup-reach
	@$(RUN) reach

check-reach-ci: setup-reach
	@REACH_ARGS=--ci $(RUN) reach

# Unit and integration tests with the address and undefined sanitizers.
check-asan: setup-test
	@$(SUBMAKE) QUIET=1 VARIANT=asan BUILD=$(BUILD)/asan test-programs
	@$(MAKE) --no-print-directory VARIANT=asan BUILD=$(BUILD)/asan \
		check-asan-run

.PHONY: check-asan-run
check-asan-run:
	@$(RUN) unit integration

# Each target of tests/fuzz for so long, from the corpus that is kept there.
.PHONY: fuzz fuzz-programs
fuzz: setup-fuzz
	@$(SUBMAKE) QUIET=1 VARIANT=fuzz BUILD=$(BUILD)/fuzz fuzz-programs
	@BUILD=$(BUILD)/fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) sh tests/run.sh fuzz

fuzz-programs: $(FUZZ)

# What the compilers' analysers, clang-tidy and cppcheck find in the sources.
.PHONY: analyze analyzer-objects
analyze: setup-analyze
	@$(RUN) analyze

analyzer-objects: $(OBJ)

# The program under valgrind's memcheck: one job with faults, and SIGTERM.
.PHONY: memcheck
memcheck: setup-analyze
	@$(SUBMAKE) -s QUIET=1 all
	@$(RUN) memcheck

# Lines of src that unit and integration tests reach.
COVERAGE_MIN ?= 90
.PHONY: coverage coverage-run
coverage: setup-test
	@$(SUBMAKE) QUIET=1 VARIANT=cov BUILD=$(BUILD)/cov test-programs
	@find $(BUILD)/cov -name '*.gcda' -delete
	@$(MAKE) --no-print-directory VARIANT=cov BUILD=$(BUILD)/cov \
		coverage-run

coverage-run:
	@COVERAGE_MIN=$(COVERAGE_MIN) $(RUN) unit integration coverage

# The n-th allocation fails, for every n.
.PHONY: check-oom
check-oom: $(OOM)
	@$(RUN) oom

# Loads with something wrong in them, for half a minute each; for long.
SOAK_JOBS ?= 8
.PHONY: check-soak check-soak-ci soak
check-soak: setup-test
	@$(SUBMAKE) -s QUIET=1 $(BIN)
	@$(RUN) soak

# Those loads that show each rule, in two minutes.
check-soak-ci: setup-test
	@$(SUBMAKE) -s QUIET=1 $(BIN)
	@SOAK_SHORT=1 SOAK_JOBS=$(SOAK_JOBS) $(RUN) soak

soak: setup-test
	@$(SUBMAKE) -s QUIET=1 $(BIN)
	@$(PYTHON) tests/soak/loads.py --long --bin $(abspath $(BIN))
	@$(PYTHON) tests/soak/soak.py --bin $(abspath $(BIN))
	@$(PYTHON) tests/soak/soak.py --bin $(abspath $(BIN))

.PHONY: lint format conf
lint: $(BIN)
	@$(RUN) lint

format:
	$(CLANG_FORMAT) -i $(FORMATTED)

# The example of a configuration and the lists in the guide and in the manual page
# come from the table of options. They are kept here, since a program for another
# machine could not be asked for them.
conf: $(BIN)
	$(BIN) --print-default-config >etc/trailpost.conf
	$(BIN) --print-options=markdown | sed -i \
		-e '/^<!-- options -->$$/,/^<!-- end of options -->$$/{//!d' \
		-e '}' -e '/^<!-- options -->$$/r /dev/stdin' \
		docs/configuration.md
	$(BIN) --print-options=mdoc | sed -i \
		-e '/^\.\\" options$$/,/^\.\\" end of options$$/{//!d' \
		-e '}' -e '/^\.\\" options$$/r /dev/stdin' \
		docs/man/trailpost.conf.5
	for shell in bash zsh fish; do $(BIN) --print-completion=$$shell \
		>etc/completion/trailpost.$$shell || exit 1; done

# The reference of metrics comes from their table.
.PHONY: metrics-doc
metrics-doc: $(BIN)
	$(BIN) --print-metrics >docs/metrics.md

# BASELINE: the program of the release before, to be measured beside.
.PHONY: bench
bench: setup-bench
	@sh tests/peers/install.sh fauxqs
	@$(SUBMAKE) -s QUIET=1 $(BIN) $(BENCH)
	@$(PYTHON) tests/bench/bench.py --bin $(BIN) --floor $(FLOOR) \
		--npm build/peers/npm \
		$(if $(BASELINE),--baseline $(abspath $(BASELINE)))

.PHONY: clean
clean:
	rm -rf $(BUILD)

.PHONY: help
help:
	@echo "make setup-build        install what building takes"
	@echo "make                    build $(BIN); CODEC=zlib: without ISA-L"
	@echo "make install            PREFIX=$(PREFIX) DESTDIR= SITE=; uninstall"
	@echo "make deb                a Debian package, into $(DEB); ARCH=arm64"
	@echo "make rpm                one for Amazon Linux 2023 and Fedora, into $(RPM)"
	@echo "make image              a container image; DOCKER=$(DOCKER) ARCH=arm64"
	@echo "make demo               see it work, without AWS; LOGS=DIR"
	@echo "make check              all tests and lint"
	@echo "make check-quick        the same without integration tests"
	@echo "make check-unit         unit tests alone: seconds"
	@echo "make check-integration  the program against real components"
	@echo "make check-sim          hours of load beside faults, simulated"
	@echo "make check-oracle       signatures against botocore's"
	@echo "make check-asan         unit and integration, sanitized"
	@echo "make check-oom          each allocation failing in turn"
	@echo "make check-systemd      the units under a systemd of their own"
	@echo "make check-heavy        image, package, status page: minutes"
	@echo "make check-reach        other releases, machines, compilers: 1.5 hours"
	@echo "make fuzz               parsers; FUZZ_SECONDS=30 each"
	@echo "make analyze            gcc -fanalyzer, clang-tidy, cppcheck"
	@echo "make memcheck           the program under valgrind"
	@echo "make coverage           lines reached by the tests"
	@echo "make check-soak         loads with something wrong in them"
	@echo "make check-soak-ci      the short form: two minutes"
	@echo "make soak               the same for long, and a run with faults"
	@echo "make lint, make format  style, layers, banned functions"
	@echo "make conf               etc, docs: the options, written anew"
	@echo "make metrics-doc        docs/metrics.md, the same way"
	@echo "make bench              speed and memory; BASELINE=PROGRAM"
	@echo "make clean"
	@echo "VARIANT=asan builds with sanitizers into build/asan; also cov, fuzz."
