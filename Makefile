# usher: build, install, check. `make help` lists the targets.
# `make demo` and `make check` install what is missing first; every other target expects it to be there.

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
CC      ?= gcc

PACKAGES = glib-2.0 gio-2.0 gio-unix-2.0 gmime-3.0 openssl sqlite3 jansson libcmark libsystemd libconfuse libseccomp
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wvla -Wstrict-prototypes -Wmissing-prototypes \
           -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings -Wswitch-enum -Werror
HARDEN   = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
CFLAGS  ?= -O2 -g
SANITIZE ?=

FOLDERS = base liquid wire store accounts inbox outbox compose pipeline service cli
# Lowest last: the order the linker wants.
ARCHIVES = $(foreach f,cli service pipeline compose outbox inbox accounts store wire liquid base,$(BUILD)/$(f).a)

PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
LIBS        = $(PKG_LIBS) -lesmtp -letpan -lcsv -lm

ALL_CFLAGS = -std=gnu17 $(CFLAGS) $(if $(findstring -O0,$(CFLAGS)),,$(HARDEN)) $(WARNINGS) $(SANITIZE) \
             -DG_LOG_DOMAIN=\"usher\" -DUSHER_DATADIR=\"$(PREFIX)/share/usher\" -Imailer $(PKG_CFLAGS) -MMD -MP
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANITIZE) $(LDFLAGS)

SOURCES := $(wildcard mailer/*.c mailer/*/*.c)
HEADERS := $(wildcard mailer/*.h mailer/*/*.h)
UNIT    := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*.c))

.DEFAULT_GOAL := all
.PHONY: all
all: $(BUILD)/usher

$(BUILD)/usher: $(BUILD)/main.o $(ARCHIVES)
	@echo "  LINK $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $< -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS)

$(BUILD)/%.o: mailer/%.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

define FOLDER_ARCHIVE
$(BUILD)/$(1).a: $(patsubst mailer/%.c,$(BUILD)/%.o,$(wildcard mailer/$(1)/*.c))
	@rm -f $$@
	@ar rcsT $$@ $$^ 2>/dev/null || ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call FOLDER_ARCHIVE,$(f))))

# A unit test FOLDER_name.c links its own folder and the ones below it, so a test of liquid/ never waits for cli/.
BELOW_base =
BELOW_liquid = base
BELOW_wire = base
BELOW_store = base
BELOW_accounts = store base
BELOW_inbox = accounts store wire base
BELOW_outbox = accounts store wire base
BELOW_compose = accounts store wire liquid base
BELOW_pipeline = accounts store liquid base
BELOW_service = pipeline compose outbox inbox accounts store wire liquid base
BELOW_cli = service $(BELOW_service)
define UNIT_TEST
$(BUILD)/tests/$(1): $(BUILD)/tests/$(1).o $$(foreach f,$(2) $$(BELOW_$(2)),$(BUILD)/$$(f).a)
	@echo "  LINK $$@"
	@$(CC) $$(ALL_LDFLAGS) -o $$@ $$< -Wl,--start-group $$(foreach f,$(2) $$(BELOW_$(2)),$(BUILD)/$$(f).a) -Wl,--end-group $$(LIBS)
endef
$(foreach t,$(notdir $(UNIT)),$(eval $(call UNIT_TEST,$(t),$(firstword $(subst _, ,$(t))))))

$(BUILD)/tests/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(ALL_CFLAGS) -DUSHER_SOURCE_DIR=\"$(CURDIR)\" -c -o $@ $<

# ---- checks ----

# PKG_CFLAGS is read when make starts, so what needs fresh packages starts make again.
.PHONY: check demo bench
check:
	@tools/install-deps.sh check
	@$(MAKE) --no-print-directory tests
	@tools/run_tests.py --build $(BUILD)

demo:
	@tools/install-deps.sh check
	@$(MAKE) --no-print-directory all
	@python3 tests/demo/demo.py $(BUILD)/usher

bench:
	@tools/install-deps.sh bench
	@$(MAKE) --no-print-directory all
	@tests/bench/peers.sh install
	@python3 tests/bench/run.py

.PHONY: bench-classify
bench-classify: all
	@BUILD=$(BUILD) tests/bench/classify_accuracy.py $(ARGS)

# The program with the places where it can be killed (base/fault.h): only these files differ from the real one.
FAULTY = base/fault store/store outbox/sender inbox/watch_copies
$(BUILD)/fault/%.o: mailer/%.c
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -DUSHER_FAULT_POINTS -c -o $@ $<
$(BUILD)/usher-fault: $(BUILD)/main.o $(FAULTY:%=$(BUILD)/fault/%.o) $(ARCHIVES)
	@echo "  LINK $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $(BUILD)/main.o $(FAULTY:%=$(BUILD)/fault/%.o) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS)

# Everything that `make check` only samples: hours, not minutes.
.PHONY: soak
soak:
	@tools/install-deps.sh check
	@$(MAKE) --no-print-directory tests
	@python3 tests/soak/soak.py --build $(BUILD) $(SOAK)

.PHONY: tests
tests: all $(UNIT) $(BUILD)/usher-fault

SAN_FLAGS = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
.PHONY: check-asan
check-asan:
	@tools/install-deps.sh check
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan CFLAGS="-O1 -g" SANITIZE="$(SAN_FLAGS)" tests
	@tools/run_tests.py --build $(BUILD)/asan --limit 400

# The unit tests alone: the servers of the others are not ours to judge.
.PHONY: check-valgrind
check-valgrind:
	@tools/install-deps.sh valgrind
	@$(MAKE) --no-print-directory tests
	@tools/run_tests.py --build $(BUILD) --valgrind --limit 900

# Fuzzing wants clang. Everything is built once more for it; FUZZ_SECONDS is the time of each target.
FUZZ_FLAGS = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZ_ARCHIVES = $(foreach f,inbox accounts store wire base,$(BUILD)/$(f).a)
.PHONY: fuzz fuzz-build
fuzz:
	@command -v clang >/dev/null || { echo "fuzz: skipped: clang is not installed"; exit 0; }; \
	    $(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang WARNINGS= CFLAGS="-O1 -g" SANITIZE="$(FUZZ_FLAGS)" fuzz-build && \
	    tests/fuzz/run.sh $(BUILD)/fuzz $(TARGETS)

fuzz-build: $(FUZZ_ARCHIVES)
	@echo "  LINK $(BUILD)/fuzz"
	@$(CC) $(ALL_CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $(BUILD)/fuzz tests/fuzz/fuzz.c -Wl,--start-group $(FUZZ_ARCHIVES) \
	    -Wl,--end-group $(LIBS)

.PHONY: lint format
lint:
	@tools/install-deps.sh lint
	@tools/lint.sh

format:
	clang-format -i $(SOURCES) $(HEADERS) $(wildcard tests/unit/*.c tests/unit/*.h)

# ---- install ----

MANDIR  = $(PREFIX)/share/man
UNITDIR = $(PREFIX)/lib/systemd/system

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/usher/sequences $(DESTDIR)$(PREFIX)/share/usher/templates \
	    $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/lib/sysusers.d \
	    $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 755 $(BUILD)/usher $(DESTDIR)$(PREFIX)/bin/usher
	install -m 644 sequences/*.conf sequences/*.txt $(DESTDIR)$(PREFIX)/share/usher/sequences/
	install -m 644 templates/*.md $(DESTDIR)$(PREFIX)/share/usher/templates/
	install -d $(DESTDIR)$(PREFIX)/share/usher/templates/findings
	install -m 644 templates/findings/*.md $(DESTDIR)$(PREFIX)/share/usher/templates/findings/
	install -m 644 docs/*.1 $(DESTDIR)$(MANDIR)/man1/
	install -m 644 docs/*.5 $(DESTDIR)$(MANDIR)/man5/
	install -m 644 docs/*.7 $(DESTDIR)$(MANDIR)/man7/
	sed 's|/usr/local/bin/usher|$(PREFIX)/bin/usher|' systemd/usher.service > $(DESTDIR)$(UNITDIR)/usher.service
	install -m 644 systemd/usher.sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/usher.conf
	install -m 644 systemd/usher.tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/usher.conf

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/fault/*/*.d)
