# Hallmark. Targets: all check check-fault check-mutation check-asan check-tsan fuzz bench lint demo install clean
# `make demo` and `make check` install the Debian packages they need; `make all` does not.

BUILD  ?= build
PREFIX ?= /usr/local
CC     ?= cc

VERSION := 0.1.0

PKGS_PROTO  := libcrypto msgpack libzstd
PKGS_CONFIG := libcyaml yaml-0.1
PKGS_PKCS11 := libp11 p11-kit-1 libcrypto libcap libseccomp
PKGS_SIGNER := libuv libssl libcrypto sqlite3 libcap libseccomp jansson libarchive
PKGS_COLLECTOR := libssl libcrypto libcap libseccomp jansson libarchive
PKGS_AUDITOR   := libcrypto libcap libseccomp jansson
PKGS_REGISTER  := libuv libssl libcrypto sqlite3 libcap libseccomp jansson libcurl
# It comes without a file for pkg-config.
LIBS_REGISTER  := -lhttp_parser
# Of hallmark-web: what speaks HTTP to pages and parses HTML is in no other program of a host.
PKGS_WEB       := libcurl gumbo libcap libseccomp libcrypto
PKGS_TEST      := cmocka jansson
PKGS_ALL := $(sort $(PKGS_PROTO) $(PKGS_CONFIG) $(PKGS_PKCS11) $(PKGS_SIGNER) $(PKGS_COLLECTOR) \
	$(PKGS_AUDITOR) $(PKGS_REGISTER) $(PKGS_WEB) $(PKGS_TEST))

SANITIZE ?=
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wformat=2 -Wundef -Wwrite-strings
WERROR   ?= -Werror
OPT      ?= -O3 -g
# FORTIFY_SOURCE needs an optimised build and gets in the sanitizers' way.
HARDEN   := -fstack-protector-strong -fPIE $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
# A library that nothing is taken from is not loaded: the key process has few.
LDHARDEN := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
SANFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)

# pkg-config is asked late, when the packages are there.
PKG_CFLAGS = $(shell pkg-config --cflags $(1))
PKG_LIBS   = $(shell pkg-config --libs $(1))

BASE_CFLAGS := -std=c11 -D_GNU_SOURCE -DHALLMARK_VERSION='"$(VERSION)"' -I. $(OPT) $(HARDEN) \
	$(WARNINGS) $(WERROR) $(SANFLAGS)
ALL_CFLAGS = $(BASE_CFLAGS) $(PKG_CFLAGS_ALL) $(CFLAGS)
# One by one: a program does not need what only the tests do.
PKG_CFLAGS_ALL := $(sort $(foreach p,$(PKGS_ALL),$(shell pkg-config --cflags $(p) 2>/dev/null)))

LIBS     := proto journal config trust policy log
PROGRAMS := signer collector auditor register pkcs11
BINARY_signer    := hallmark-signer
BINARY_collector := hallmark-collector
BINARY_auditor   := hallmark-audit
BINARY_register  := hallmark-register
BINARY_pkcs11    := hallmark-hsm

WEB      := $(BUILD)/hallmark-web
BINARIES := $(foreach p,$(PROGRAMS),$(BUILD)/$(BINARY_$(p))) $(WEB)

# What people type together is done in that order, whatever -j says: `clean all`, `demo check`.
TYPED := all tests deps check check-fault check-mutation check-asan check-tsan fuzz lint bench demo demo-serve install clean
ifneq ($(word 2,$(filter $(TYPED),$(MAKECMDGOALS))),)
.NOTPARALLEL:
endif

# A receipt verified by a browser alone: one file of the modules that the register serves.
VERIFY_PAGE := $(BUILD)/hallmark-verify.html

.PHONY: all
all: $(BINARIES) $(VERIFY_PAGE)

$(VERIFY_PAGE): $(wildcard clients/browser/*) $(wildcard register/web/*.js)
	@echo "  PAGE  $@"
	@clients/browser/make_page.py $@

# --- libraries: one per folder, with all its rooms; each main.c stays out of them ---------------------

sources = $(filter-out %/main.c,$(wildcard $(1)/*.c $(1)/*/*.c $(1)/*/*/*.c))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(call sources,$(1)))

define LIBRARY
$(BUILD)/lib$(1).a: $(call objects,$(1))
	@rm -f $$@
	@$(AR) rcs $$@ $$^
endef
$(foreach d,$(LIBS) $(PROGRAMS),$(eval $(call LIBRARY,$(d))))

# The version and the flags are here, and the version is in every report.
$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/auditor/pack/enclosed.o: auditor/pack/verify.sh

# The page's files are in it.
$(BUILD)/obj/register/pages/page_file.o: $(wildcard register/web/*)

# Grouped, because policy uses config and both use proto.
LIB_GROUP = -Wl,--start-group $(1) -Wl,--end-group

define PROGRAM
$(BUILD)/$(BINARY_$(1)): $(BUILD)/obj/$(1)/main.o $(BUILD)/lib$(1).a \
		$(foreach l,$(LIBS),$(BUILD)/lib$(l).a)
	@echo "  LD    $$@"
	@$$(CC) $$(SANFLAGS) $(LDHARDEN) $$(LDFLAGS) -o $$@ $$< \
		$$(call LIB_GROUP,$$(filter %.a,$$^)) \
		$$(call PKG_LIBS,$(PKGS_$(2)) $(PKGS_PROTO) $(PKGS_CONFIG)) $(LIBS_$(2)) -lpthread
endef
$(eval $(call PROGRAM,signer,SIGNER))
$(eval $(call PROGRAM,collector,COLLECTOR))
$(eval $(call PROGRAM,auditor,AUDITOR))
$(eval $(call PROGRAM,register,REGISTER))
$(eval $(call PROGRAM,pkcs11,PKCS11))

# A program of the collector's, of which it needs little.
$(WEB): $(BUILD)/obj/collector/web/main.o $(BUILD)/libcollector.a $(foreach l,$(LIBS),$(BUILD)/lib$(l).a)
	@echo "  LD    $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $< $(call LIB_GROUP,$(filter %.a,$^)) \
		$(call PKG_LIBS,$(PKGS_WEB) $(PKGS_PROTO) $(PKGS_CONFIG)) -lpthread

# --- unit tests: tests/unit/test_<module>.c, each its own program --------------------------------

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
ALL_LIBS := $(foreach l,$(LIBS) $(PROGRAMS),$(BUILD)/lib$(l).a)

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(ALL_LIBS)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $< $(call LIB_GROUP,$(ALL_LIBS)) \
		$(call PKG_LIBS,$(PKGS_ALL)) $(LIBS_REGISTER) -lpthread

# --- parsers: tests/fuzz/fuzz_<parser>.c, with a corpus that every check replays ------------------

FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS := $(foreach f,$(FUZZERS),$(BUILD)/fuzz/replay_$(f))
FUZZ_SECONDS ?= 30

$(BUILD)/fuzz/replay_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(ALL_LIBS)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $(filter %.o,$^) \
		$(call LIB_GROUP,$(ALL_LIBS)) $(call PKG_LIBS,$(PKGS_ALL)) $(LIBS_REGISTER) -lpthread

# --- faults: tests/fault/<name>.c is preloaded into what is tested ----------------------------------

SHIMS := $(patsubst tests/fault/%.c,$(BUILD)/fault/%.so, \
	$(filter-out tests/fault/token_module.c,$(wildcard tests/fault/*.c)))

$(BUILD)/fault/%.so: tests/fault/%.c
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(BASE_CFLAGS) -fPIC -shared $(LDFLAGS) -o $@ $<

# --- mutation: tests/mutation breaks the policy's rules one by one, in copies of its sources ------------

MUTATED := $(shell sed -n 's/^    "\(policy[^"]*\.c\)": \[$$/\1/p' tests/mutation/mutations.py)
MUTATED_TESTS := $(filter test_appraise% test_due test_package_list test_policy% test_range test_releases,\
	$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c)))
MUTATED_OBJECTS := $(MUTATED:%.c=$(BUILD)/mutation/obj/%.o)
MUTANTS := $(MUTATED_TESTS:%=$(BUILD)/mutation/tests/%)

$(BUILD)/mutation/woven: tests/mutation/mutations.py tests/mutation/weave policy/appraisal/finding.h $(MUTATED)
	@echo "  WEAVE $(@D)"
	@tests/mutation/weave $(@D)
	@touch $@

# Warnings are those of the sources that they were made of.
$(MUTATED_OBJECTS): $(BUILD)/mutation/obj/%.o: $(BUILD)/mutation/woven tests/mutation/mutant.h Makefile
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -O1 -w -MMD -MP -c -o $@ $(BUILD)/mutation/src/$*.c

$(MUTANTS): $(BUILD)/mutation/tests/%: $(MUTATED_OBJECTS) $(BUILD)/obj/tests/unit/%.o $(ALL_LIBS)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $(filter %.o,$^) $(call LIB_GROUP,$(ALL_LIBS)) \
		$(call PKG_LIBS,$(PKGS_ALL)) $(LIBS_REGISTER) -lpthread

# --- load -----------------------------------------------------------------------------------------

LOAD := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/bench/load/*.c))

$(BUILD)/load: $(LOAD) $(BUILD)/libsigner.a $(BUILD)/libjournal.a $(BUILD)/libproto.a
	@echo "  LD    $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(call PKG_LIBS,libssl $(PKGS_PROTO)) -lpthread

$(BUILD)/prefill: $(BUILD)/obj/tests/bench/prefill.o $(BUILD)/libsigner.a \
		$(foreach l,$(LIBS),$(BUILD)/lib$(l).a)
	@echo "  LD    $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $< $(call LIB_GROUP,$(filter %.a,$^)) \
		$(call PKG_LIBS,$(PKGS_SIGNER) $(PKGS_PROTO) $(PKGS_CONFIG)) -lpthread

# A log's view, without a register around it.
$(BUILD)/view: $(BUILD)/obj/tests/bench/view.o $(BUILD)/libregister.a \
		$(foreach l,$(LIBS),$(BUILD)/lib$(l).a)
	@echo "  LD    $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $< $(call LIB_GROUP,$(filter %.a,$^)) \
		$(call PKG_LIBS,$(PKGS_REGISTER) $(PKGS_PROTO) $(PKGS_CONFIG)) -lpthread

# How fast reports are read; what it is worth to know a key.
$(BUILD)/parse $(BUILD)/known_key: $(BUILD)/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/libproto.a
	@echo "  LD    $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(call PKG_LIBS,$(PKGS_PROTO)) -lpthread

# What it costs to look at the code pages of processes.
$(BUILD)/code_pages: $(BUILD)/obj/tests/bench/code_pages.o $(BUILD)/libcollector.a \
		$(foreach l,$(LIBS),$(BUILD)/lib$(l).a)
	@echo "  LD    $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $< $(call LIB_GROUP,$(filter %.a,$^)) \
		$(call PKG_LIBS,$(PKGS_COLLECTOR) $(PKGS_PROTO) $(PKGS_CONFIG)) -lpthread

# What a token signs when nothing else is done.
$(BUILD)/rawsign: $(BUILD)/obj/tests/bench/rawsign.o
	@echo "  LD    $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(call PKG_LIBS,libp11 p11-kit-1 libcrypto) -lpthread

# A PKCS#11 module that passes calls on and injects faults. Without sanitizers: other programs load it.
$(BUILD)/token_module.so: tests/fault/token_module.c tests/fault/token_control.h
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) -std=c11 -D_GNU_SOURCE -I. $(OPT) $(WARNINGS) $(WERROR) -fPIC -fvisibility=hidden -shared \
		-Wl,-z,relro,-z,now -o $@ $< $(call PKG_CFLAGS,p11-kit-1) -lpthread

# --- what people type -----------------------------------------------------------------------------

PACKAGES_BUILD := gcc libc6-dev pkg-config libssl-dev libuv1-dev libp11-dev libp11-kit-dev \
	libmsgpack-dev libcyaml-dev libyaml-dev libsqlite3-dev libjansson-dev libzstd-dev libcap-dev \
	libseccomp-dev uthash-dev libarchive-dev libcurl4-openssl-dev libgumbo-dev libhttp-parser-dev python3
PACKAGES_RUN   := softhsm2 openssl procps libarchive-tools
PACKAGES_TEST  := libcmocka-dev python3 python3-cryptography python3-msgpack python3-yaml python3-jwt python3-jsonschema opensc strace \
	util-linux mount iproute2 nftables e2fsprogs systemd chromium chromium-driver python3-selenium nodejs nginx-light haproxy postgresql umoci skopeo $(PACKAGES_TOKENS)
# Tokens of others that a test signs a log with.
PACKAGES_TOKENS := p11-kit p11-kit-modules opencryptoki libtpm2-pkcs11-1 swtpm tpm2-abrmd \
	libtss2-tcti-tabrmd0 libtss2-tcti-swtpm0 dbus-daemon
PACKAGES_LINT  := clang-format clang-tidy universal-ctags python3
PACKAGES_BENCH := nginx-light wrk util-linux e2fsprogs
PACKAGES_FUZZ  := clang libclang-rt-14-dev
INSTALL_PACKAGES := tests/lib/install-packages

TESTED := $(BINARIES) $(VERIFY_PAGE) $(BUILD)/load $(BUILD)/prefill $(BUILD)/view $(BUILD)/token_module.so $(BUILD)/rawsign $(BUILD)/parse $(BUILD)/code_pages $(BUILD)/known_key \
	$(UNIT_TESTS) $(REPLAYS) \
	$(SHIMS)

# Without sanitizers: they find nothing here.
TESTED += $(if $(SANITIZE),,$(MUTANTS))

# A wall clock that tests set, to be preloaded.
WALL_CLOCK := $(BUILD)/wall_clock.so
TESTED += $(WALL_CLOCK)

$(WALL_CLOCK): tests/lib/wall_clock.c
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) -std=c11 -D_GNU_SOURCE -O2 -g -fPIC -shared $(WARNINGS) $(WERROR) -o $@ $<

.PHONY: tests
tests: $(TESTED)

# Packages first, then a second make: only then can pkg-config answer.
.PHONY: deps
deps:
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_RUN) $(PACKAGES_TEST)

.PHONY: check
check: deps
	@$(MAKE) --no-print-directory tests
	@tests/lib/run-tests $(BUILD) $(if $(ONLY),--only $(ONLY))

# Every point of every fault; `make check` draws a sample of them.
.PHONY: check-fault
check-fault: deps
	@$(MAKE) --no-print-directory tests
	@HALLMARK_FAULT=long HALLMARK_TEST_DEADLINE_S=7200 \
		tests/lib/run-tests $(BUILD) --kind fault $(if $(ONLY),--only $(ONLY))

# Every rule of the policy broken in turn; `make check` draws some.
.PHONY: check-mutation
check-mutation: deps
	@$(MAKE) --no-print-directory tests
	@HALLMARK_MUTATION=long HALLMARK_TEST_DEADLINE_S=1800 \
		tests/lib/run-tests $(BUILD) --kind system --only policy_mutation

# A sanitizer makes everything several times slower, so waits are longer; each finding ends the
# program that has it, and so the test. Faults are left out: preloading, tracing and caps on memory
# do not go together with a sanitizer's runtime.
WITHOUT_FAULTS := --kind unit --kind corpus --kind system
.PHONY: check-asan
check-asan: deps
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE=address,undefined OPT='-O1 -g' tests
	@HALLMARK_PATIENCE_S=120 HALLMARK_TEST_DEADLINE_S=900 \
		ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 \
		LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lib/lsan.supp:print_suppressions=0 \
		tests/lib/run-tests $(BUILD)/asan $(WITHOUT_FAULTS) $(if $(ONLY),--only $(ONLY))

# Without address randomisation, whose range ThreadSanitizer cannot handle on new kernels.
.PHONY: check-tsan
check-tsan: deps
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan SANITIZE=thread OPT='-O1 -g' tests
	@HALLMARK_PATIENCE_S=120 HALLMARK_TEST_DEADLINE_S=900 \
		TSAN_OPTIONS=suppressions=$(CURDIR)/tests/lib/tsan.supp:halt_on_error=1 \
		setarch -R tests/lib/run-tests $(BUILD)/tsan $(WITHOUT_FAULTS) $(if $(ONLY),--only $(ONLY))

.PHONY: fuzz
fuzz: deps
	@$(INSTALL_PACKAGES) $(PACKAGES_FUZZ)
	@CC=clang tests/fuzz/run $(BUILD)/fuzzers $(FUZZ_SECONDS) $(FUZZERS)

.PHONY: lint
lint: deps
	@$(INSTALL_PACKAGES) $(PACKAGES_LINT)
	@$(MAKE) --no-print-directory all
	@tests/lint/run $(BUILD)

BENCHED := $(BUILD)/load $(BUILD)/prefill $(BUILD)/token_module.so $(BUILD)/rawsign $(BUILD)/parse $(BUILD)/known_key \
	$(BUILD)/code_pages

.PHONY: bench
bench: deps
	@$(INSTALL_PACKAGES) $(PACKAGES_BENCH)
	@$(MAKE) --no-print-directory all $(BENCHED)
	@tests/bench/run $(BUILD) $(ROWS)

.PHONY: print-flags
print-flags:
	@echo "$$($(CC) --version | head -n 1): $(OPT) $(HARDEN) $(LDHARDEN) $(CFLAGS) $(LDFLAGS)"

.PHONY: demo
demo:
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_RUN)
	@$(MAKE) --no-print-directory all
	@tests/system/demo $(BUILD)

# Until Ctrl-C: a register and its page, with something to see. PORT=7480 makes its address the same each time.
.PHONY: demo-serve
demo-serve:
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_RUN)
	@$(MAKE) --no-print-directory all
	@tests/system/demo-serve $(BUILD) $(PORT)

# Programs, commented samples as *.sample, units and users; with the paths of this installation.
ETC      ?= /etc/hallmark
UNITS    ?= $(PREFIX)/lib/systemd/system
SYSUSERS ?= $(PREFIX)/lib/sysusers.d
EXAMPLES := $(shell find config/examples -type f)
DOC      := $(PREFIX)/share/doc/hallmark
PLACE    := sed -e 's|/usr/local/bin|$(PREFIX)/bin|g' -e 's|/usr/local/share/doc/hallmark|$(DOC)|g' \
	-e 's|/etc/hallmark|$(ETC)|g'

# Readable to the services' users whatever the umask is.
define PLACE_FILE
	$(PLACE) $(1) >"$(DESTDIR)$(2)"
	chmod 644 "$(DESTDIR)$(2)"

endef

.PHONY: install
install: all
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(ETC)" "$(DESTDIR)$(UNITS)" \
		"$(DESTDIR)$(SYSUSERS)" "$(DESTDIR)$(DOC)" "$(DESTDIR)$(DOC)/doc" "$(DESTDIR)$(DOC)/proto"
	install -m 755 $(BINARIES) "$(DESTDIR)$(PREFIX)/bin"
	$(foreach f,$(wildcard config/samples/*),$(call PLACE_FILE,$f,$(ETC)/$(notdir $f).sample))
	$(foreach f,$(wildcard config/systemd/*),$(call PLACE_FILE,$f,$(UNITS)/$(notdir $f)))
	install -m 644 config/sysusers.d/hallmark.conf "$(DESTDIR)$(SYSUSERS)"
	install -m 644 README.md SECURITY.md "$(DESTDIR)$(DOC)"
	install -m 644 doc/*.md doc/*.yaml "$(DESTDIR)$(DOC)/doc"
	install -d "$(DESTDIR)$(DOC)/doc/pictures"
	install -m 644 doc/pictures/*.png "$(DESTDIR)$(DOC)/doc/pictures"
	install -d $(patsubst %,"$(DESTDIR)$(DOC)/%",$(sort $(dir $(EXAMPLES))))
	$(foreach f,$(EXAMPLES),install -m 644 $f "$(DESTDIR)$(DOC)/$f" &&) :
	install -m 644 proto/PROTOCOL.md "$(DESTDIR)$(DOC)/proto"
	install -d "$(DESTDIR)$(DOC)/clients/python"
	install -m 644 $(VERIFY_PAGE) "$(DESTDIR)$(DOC)"
	install -m 644 clients/python/hallmark_verify.py "$(DESTDIR)$(DOC)/clients/python"

-include $(shell find $(BUILD)/obj $(BUILD)/mutation -name '*.d' 2>/dev/null)

.PHONY: clean
clean:
	rm -rf build

.SECONDARY:
