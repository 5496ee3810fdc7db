# trailpost: build, test, install. `make help` lists the targets.
VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc
BUILD ?= build
CC ?= cc
PYTHON ?= /usr/bin/python3

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wformat=2 -Wvla -Wundef -Wwrite-strings -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wswitch-enum -Wnull-dereference
GCC_WARN := -Wimplicit-fallthrough=5 -Wduplicated-cond -Wlogical-op
HARDEN := -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection -fPIE
LINK_HARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack
OPT := -O2 -g

# A variant is a set of flags with a build folder of its own.
ifeq ($(VARIANT),asan)
BUILD := build/asan
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -fPIE
LINK_HARDEN := -pie -fsanitize=address,undefined
OPT := -O1 -g
GCC_WARN += -Wno-null-dereference
endif

ifeq ($(findstring clang,$(CC)),clang)
GCC_WARN :=
endif

DEFS := -D_GNU_SOURCE -DTRAILPOST_VERSION='"$(VERSION)"'
# The user's CFLAGS, CPPFLAGS and LDFLAGS add to ours; they replace nothing.
ALL_CFLAGS = -std=c11 $(OPT) $(WARN) $(GCC_WARN) $(HARDEN) $(DEFS) \
	-Iinclude -Isrc -MMD -MP $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LINK_HARDEN) $(LDFLAGS)
LIBS := -lcurl -lev -lyajl -lz -lcrypto -lexpat -lm

SRC := $(wildcard src/*/*.c)
OBJ := $(SRC:%.c=$(BUILD)/%.o)
MAIN := $(BUILD)/src/daemon/main.o
LIB := $(BUILD)/libtrailpost.a
BIN := $(BUILD)/trailpost

UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)
# Helpers shared by unit tests: every other .c in the folder. They come before
# the library, so a stand-in defined there wins over the real module.
UNIT_HELP_SRC := $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))
UNIT_HELP := $(BUILD)/libunithelp.a
ORACLE := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/oracle/*.c))
FLOOR := $(BUILD)/tests/bench/floor
CLANG_FORMAT := $(firstword $(shell command -v clang-format-14 clang-format))
FORMATTED := $(wildcard include/*/*.h src/*/*.[ch] tests/unit/*.[ch] \
	tests/unit/*/*.[ch] tests/oracle/*.c tests/bench/*.c)

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
	$(SAY) "  LINK  $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(MAIN) $(LIB) $(LIBS)

$(LIB): $(filter-out $(MAIN),$(OBJ))
	@rm -f $@
	@ar rcs $@ $^

$(UNIT_HELP): $(UNIT_HELP_SRC:%.c=$(BUILD)/%.o)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(UNIT_HELP) $(LIB)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(UNIT_HELP) $(LIB) \
		$(LIBS) -lcmocka

$(ORACLE) $(FLOOR): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LIBS)

.PRECIOUS: $(BUILD)/%.o
-include $(OBJ:.o=.d) $(UNIT_SRC:%.c=$(BUILD)/%.d) \
	$(UNIT_HELP_SRC:%.c=$(BUILD)/%.d) $(ORACLE:=.d) $(FLOOR).d

.PHONY: install uninstall
install: $(BIN)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SYSCONFDIR)/trailpost
	install -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/trailpost
	install -m 644 etc/trailpost.conf \
		$(DESTDIR)$(SYSCONFDIR)/trailpost/trailpost.conf.example

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/trailpost \
		$(DESTDIR)$(SYSCONFDIR)/trailpost/trailpost.conf.example

# What a machine lacks for a target is installed first (tests/setup.sh).
.PHONY: setup-build setup-test
setup-build setup-test: setup-%:
	@sh tests/setup.sh $*

.PHONY: demo
demo: setup-build
	@$(SUBMAKE) QUIET=1 all
	@TRAILPOST="$(abspath $(BIN))" LOGS="$(LOGS)" \
		$(PYTHON) tests/demo/demo.py

# Tests. Their whole output is kept in $(BUILD)/log.
.PHONY: test-programs
test-programs: $(BIN) $(UNIT) $(ORACLE)

.PHONY: check check-unit check-oracle check-integration check-asan
check: setup-test
	@$(SUBMAKE) QUIET=1 test-programs
	@$(RUN) lint unit oracle integration

check-unit: $(UNIT)
	@$(RUN) unit

check-oracle: $(ORACLE)
	@$(RUN) oracle

check-integration: $(BIN)
	@$(RUN) integration

# Unit and integration tests with the address and undefined sanitizers.
check-asan: setup-test
	@$(SUBMAKE) QUIET=1 VARIANT=asan BUILD=$(BUILD)/asan test-programs
	@$(MAKE) --no-print-directory VARIANT=asan BUILD=$(BUILD)/asan \
		check-asan-run

.PHONY: check-asan-run
check-asan-run:
	@$(RUN) unit integration

.PHONY: lint format conf
lint: $(BIN)
	@$(RUN) lint

format:
	$(CLANG_FORMAT) -i $(FORMATTED)

# The example of a configuration comes from the table of options.
conf: $(BIN)
	$(BIN) --print-default-config >etc/trailpost.conf

.PHONY: bench
bench: setup-build
	@$(SUBMAKE) QUIET=1 $(BIN) $(FLOOR)
	@$(PYTHON) tests/bench/bench.py --bin $(BIN) --floor $(FLOOR)

.PHONY: clean
clean:
	rm -rf $(BUILD)

.PHONY: help
help:
	@echo "make                    build $(BIN)"
	@echo "make install            PREFIX=$(PREFIX) DESTDIR=; uninstall"
	@echo "make demo               see it work, without AWS; LOGS=DIR"
	@echo "make check              all tests and lint"
	@echo "make check-unit         unit tests alone: seconds"
	@echo "make check-integration  the program against real components"
	@echo "make check-oracle       signatures against botocore's"
	@echo "make check-asan         unit and integration, sanitized"
	@echo "make lint, make format  style, layers, banned functions"
	@echo "make conf               etc/trailpost.conf from the options"
	@echo "make bench              speed and memory"
	@echo "make clean"
	@echo "VARIANT=asan builds with sanitizers into build/asan."
