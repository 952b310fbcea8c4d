# Counterfoil: build, run, check. `make help` lists the targets.
#
#   V=1            show the commands
#   SANITIZE=1     AddressSanitizer and UndefinedBehaviorSanitizer
#   BUILD=DIR      where objects go
#   ROOMS="..."    the rooms of harness/ that are built
#   GATEWAY=NAME   what `make run` runs against

ROOMS    ?= wire crypto ike esp cluster sim net gateways trace oracle script \
            report commands
BUILD    ?= build$(if $(SANITIZE),/sanitize)
PACKAGES := libcrypto libpcap lua5.4 jansson libxml-2.0 libuv
GATEWAY  ?= strongswan
VERSION  := 0.1.0

PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
DATADIR  ?= $(PREFIX)/share/counterfoil

# As many jobs as processors, unless told otherwise.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

CC       ?= gcc
CSTD     := -std=c11 -D_GNU_SOURCE
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings \
            -Wvla -Wformat=2 -Wundef -Wno-missing-field-initializers
OPTIMISE ?= $(if $(SANITIZE),-O1 -fno-omit-frame-pointer,-O2)
HARDEN   := $(if $(SANITIZE),,-fstack-protector-strong -D_FORTIFY_SOURCE=2) \
            -fPIE
comma    := ,
SANFLAGS := $(if $(SANITIZE),-fsanitize=address$(comma)undefined \
            -fno-sanitize-recover=all)
CFLAGS   ?= -g
ALL_CFLAGS = $(CSTD) $(OPTIMISE) $(HARDEN) $(CFLAGS) $(WARN) $(SANFLAGS) \
             -Iharness -I$(BUILD)/generated \
             -DCOUNTERFOIL_VERSION='"$(VERSION)"' -DDATADIR='"$(DATADIR)"' \
             $(shell pkg-config --cflags $(PACKAGES))
ALL_LDFLAGS = $(LDFLAGS) -pie -Wl,-z,relro,-z,now
LIBS     = $(shell pkg-config --libs $(PACKAGES))
TEST_LIBS = $(shell pkg-config --libs check)
Q        := $(if $(V),,@)

SOURCES  := $(foreach room,$(ROOMS),$(wildcard harness/$(room)/*.c) \
            $(wildcard harness/$(room)/*/*.c))
OBJECTS  := $(SOURCES:harness/%.c=$(BUILD)/%.o)
TESTS    := $(patsubst harness/tests/%.c,$(BUILD)/tests/%, \
            $(sort $(wildcard harness/tests/*_test.c)))
BENCH    := $(patsubst harness/%.c,$(BUILD)/%.o,$(wildcard harness/bench/*.c))
SCRIPTS  := $(sort $(wildcard harness/tests/*_test.sh))
HEADERS  := $(wildcard harness/*/*.h)

.PHONY: all help run check tests kill-matrix lint format-check tidy cppcheck \
        scripts-check clean install setup pcaps bench valgrind
all: $(BUILD)/counterfoil

help:
	@echo 'make              build $(BUILD)/counterfoil'
	@echo 'make run          install what is missing, build, run the suite'
	@echo '                  (GATEWAY=strongswan, RUN="options and scenarios")'
	@echo 'make check        install what is missing, build with sanitizers,'
	@echo '                  run every test'
	@echo 'make kill-matrix  defects of the built-in gateway, and what finds them'
	@echo 'make pcaps        the reference captures anew, from their scripts'
	@echo 'make bench        figures of this machine beside those of peers'
	@echo '                  (WHAT="scenarios handshakes scale esp check")'
	@echo 'make valgrind     a few scenarios under valgrind'
	@echo 'make lint         clang-format, clang-tidy, cppcheck, shellcheck'
	@echo 'make install      PREFIX=$(PREFIX), DESTDIR is honoured'
	@echo 'make setup        only install what is missing (Debian packages)'
	@echo 'make clean        remove $(BUILD)'
	@echo
	@echo 'V=1 shows the commands, SANITIZE=1 builds with sanitizers.'

$(BUILD)/counterfoil: $(BUILD)/main.o $(BUILD)/libcounterfoil.a
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libcounterfoil.a: $(OBJECTS)
	@echo "  AR    $@"
	$(Q)rm -f $@ && ar qcs $@ $^

$(BUILD)/%.o: harness/%.c
	@echo "  CC    $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: harness/tests/%.c $(BUILD)/libcounterfoil.a
	@echo "  TEST  $@"
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -o $@ $< \
	    $(BUILD)/libcounterfoil.a $(LIBS) $(TEST_LIBS)

# The report's page and the scenarios' prelude as C strings.
$(BUILD)/generated/page_css.inc: reports/page.css
$(BUILD)/generated/prelude.inc: $(sort $(wildcard \
    harness/script/prelude/*.lua))
$(BUILD)/generated/page_css.inc $(BUILD)/generated/prelude.inc:
	@mkdir -p $(@D)
	$(Q)sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' $^ >$@
$(BUILD)/report/html.o: $(BUILD)/generated/page_css.inc
$(BUILD)/script/prelude.o: $(BUILD)/generated/prelude.inc

# The clause catalogue; code that names a clause it lacks does not compile.
CLAUSES  := $(sort $(wildcard scenarios/clauses/*.csv))
$(BUILD)/generated/clauses.inc: harness/oracle/clauses.lua $(CLAUSES)
	@mkdir -p $(@D)
	$(Q)lua5.4 $^ >$@.new && mv $@.new $@
JUDGES   := $(patsubst harness/%.c,%,$(wildcard harness/oracle/*.c))
$(JUDGES:%=$(BUILD)/%.o) $(JUDGES:%=$(BUILD)/tidy/%.stamp): \
    $(BUILD)/generated/clauses.inc

# ---- What people type ----

# `make run` on a machine without the packages installs them first; make reads
# this file anew afterwards, since pkg-config knows more by then.
run:
	$(Q)harness/setup.sh build
	$(Q)harness/setup.sh --optional run
	+$(Q)$(MAKE) --no-print-directory all
	$(Q)$(BUILD)/counterfoil run --gateway $(GATEWAY) -j $$(nproc) $(RUN)

check:
	$(Q)harness/setup.sh build
	$(Q)harness/setup.sh --optional run test
	+$(Q)$(MAKE) --no-print-directory SANITIZE=1 tests

tests: $(BUILD)/counterfoil $(TESTS)
	$(Q)COUNTERFOIL=$(abspath $(BUILD)/counterfoil) \
	    harness/tests/run.sh $(BUILD)/tests $(TESTS) $(SCRIPTS)

kill-matrix: $(BUILD)/counterfoil
	$(Q)harness/tests/kill_matrix.py --all $(abspath $<)
	@echo
	$(Q)$< pcaps --check --rules pcaps/rules --out pcaps

# The reference captures, octet for octet; `make check` compares.
pcaps: $(BUILD)/counterfoil
	$(Q)$(BUILD)/counterfoil pcaps --rules pcaps/rules --out pcaps

# Not part of `make check`: it takes minutes, and wants the machine for itself.
bench:
	+$(Q)$(MAKE) --no-print-directory SANITIZE= all $(BUILD)/bench/bench
	$(Q)$(BUILD)/bench/bench $(BUILD)/counterfoil $(if $(WHAT),"$(WHAT)")

$(BUILD)/bench/bench: $(BENCH) $(BUILD)/libcounterfoil.a
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# What valgrind sees and sanitizers do not; it cannot run what they built.
valgrind:
	+$(Q)$(MAKE) --no-print-directory SANITIZE= all
	$(Q)valgrind --quiet --leak-check=full --error-exitcode=9 \
	    --trace-children=yes $(BUILD)/counterfoil run --gateway builtin \
	    --out $(BUILD)/valgrind.out rfc6311/failover-normal \
	    rfc7296/auth-ecdsa rfc6311/lost-synch-messages

setup:
	$(Q)harness/setup.sh build run test lint

lint: format-check tidy cppcheck scripts-check

format-check:
	@echo "  FORMAT"
	$(Q)clang-format --dry-run -Werror $(SOURCES) harness/main.c \
	    $(wildcard harness/tests/*.c harness/bench/*.c)

# One stamp a source, so that only what changed is looked at again.
TIDIED   := $(SOURCES:harness/%.c=$(BUILD)/tidy/%.stamp) \
            $(BUILD)/tidy/main.stamp
tidy: $(TIDIED)
$(TIDIED) cppcheck: | $(BUILD)/counterfoil

$(BUILD)/tidy/%.stamp: harness/%.c .clang-tidy $(HEADERS)
	@echo "  TIDY  $<"
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(CSTD) -Iharness -I$(BUILD)/generated \
	    -DCOUNTERFOIL_VERSION='""' -DDATADIR='""' \
	    $(shell pkg-config --cflags $(PACKAGES)) 2>/dev/null
	@touch $@

cppcheck:
	@echo "  CPPCHECK"
	$(Q)cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,performance,portability --max-configs=1 \
	    --suppressions-list=.cppcheck -Iharness -I$(BUILD)/generated \
	    -j $$(nproc) $(SOURCES) harness/main.c

scripts-check:
	@echo "  SHELLCHECK"
	$(Q)shellcheck $(wildcard harness/*.sh harness/tests/*.sh) .ci/run

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(DATADIR)
	install -m 755 $(BUILD)/counterfoil $(DESTDIR)$(BINDIR)/counterfoil
	find scenarios reports/*.json harness/gateways \
	    \( -name '*.[ch]' -o -name '*.o' -o -path '*/runs/*' \) -prune -o \
	    -type f -print | while read -r file; do \
	    mode=644; [ -x "$$file" ] && mode=755; \
	    install -D -m $$mode "$$file" "$(DESTDIR)$(DATADIR)/$$file"; done

clean:
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d) $(BUILD)/main.d $(TESTS:=.d) $(BENCH:.o=.d)
