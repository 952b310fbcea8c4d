# Counterfoil: build, run, check. `make help` lists the targets.
#
#   V=1            show the commands
#   SANITIZE=1     AddressSanitizer and UndefinedBehaviorSanitizer
#   BUILD=DIR      where objects go
#   ROOMS="..."    the rooms of harness/ that are built

ROOMS    ?= wire crypto ike esp cluster sim net gateways trace oracle script \
            report commands
BUILD    ?= build$(if $(SANITIZE),-sanitize)
PACKAGES := libcrypto libpcap lua5.4 jansson libxml-2.0 libuv

CC       ?= gcc
CSTD     := -std=c11 -D_GNU_SOURCE
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings \
            -Wvla -Wformat=2 -Wundef -Wno-missing-field-initializers
OPTIMISE ?= $(if $(SANITIZE),-O1 -fno-omit-frame-pointer,-O2)
SANFLAGS := $(if $(SANITIZE),-fsanitize=address,undefined \
            -fno-sanitize-recover=all)
CFLAGS   ?= -g
ALL_CFLAGS = $(CSTD) $(OPTIMISE) $(CFLAGS) $(WARN) $(SANFLAGS) -Iharness \
             -I$(BUILD)/generated $(shell pkg-config --cflags $(PACKAGES))
LIBS     = $(shell pkg-config --libs $(PACKAGES))
TEST_LIBS = $(shell pkg-config --libs check)
Q        := $(if $(V),,@)

SOURCES  := $(foreach room,$(ROOMS),$(wildcard harness/$(room)/*.c) \
            $(wildcard harness/$(room)/*/*.c))
OBJECTS  := $(SOURCES:harness/%.c=$(BUILD)/%.o)
TESTS    := $(patsubst harness/tests/%.c,$(BUILD)/tests/%, \
            $(wildcard harness/tests/*_test.c))

.PHONY: all
all: $(BUILD)/counterfoil

$(BUILD)/counterfoil: $(BUILD)/main.o $(BUILD)/libcounterfoil.a
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libcounterfoil.a: $(OBJECTS)
	@echo "  AR    $@"
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: harness/%.c
	@echo "  CC    $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: harness/tests/%.c $(BUILD)/libcounterfoil.a
	@echo "  TEST  $@"
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(BUILD)/libcounterfoil.a \
	    $(LIBS) $(TEST_LIBS)

-include $(OBJECTS:.o=.d) $(BUILD)/main.d $(TESTS:=.d)
