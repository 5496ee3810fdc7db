# trailpost: build, test, install. `make help` lists the targets.
VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
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

.DEFAULT_GOAL := all
.PHONY: all
all: $(BIN)

$(BIN): $(MAIN) $(LIB)
	@echo "  LINK  $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(MAIN) $(LIB) $(LIBS)

$(LIB): $(filter-out $(MAIN),$(OBJ))
	@rm -f $@
	@ar rcs $@ $^

$(UNIT_HELP): $(UNIT_HELP_SRC:%.c=$(BUILD)/%.o)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(UNIT_HELP) $(LIB)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(UNIT_HELP) $(LIB) \
		$(LIBS) -lcmocka

.PRECIOUS: $(BUILD)/%.o
-include $(OBJ:.o=.d) $(UNIT_SRC:%.c=$(BUILD)/%.d) \
	$(UNIT_HELP_SRC:%.c=$(BUILD)/%.d)

.PHONY: clean
clean:
	rm -rf build
