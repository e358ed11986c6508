# Hallmark. Targets: all check check-asan check-tsan fuzz bench lint demo install clean
# `make demo` and `make check` install the Debian packages they need; `make all` does not.

BUILD  ?= build
PREFIX ?= /usr/local
CC     ?= cc

VERSION := 0.1.0

PKGS_PROTO  := libcrypto msgpack libzstd jansson
PKGS_CONFIG := libcyaml yaml-0.1
PKGS_PKCS11 := libp11 p11-kit-1 libcrypto libcap libseccomp
PKGS_SIGNER := libuv libssl libcrypto sqlite3 libcap libseccomp jansson
PKGS_COLLECTOR := libssl libcrypto libcap libseccomp
PKGS_AUDITOR   := libcrypto libcap libseccomp jansson
PKGS_TEST      := cmocka
PKGS_ALL := $(sort $(PKGS_PROTO) $(PKGS_CONFIG) $(PKGS_PKCS11) $(PKGS_SIGNER) $(PKGS_COLLECTOR) \
	$(PKGS_AUDITOR) $(PKGS_TEST))

SANITIZE ?=
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wformat=2 -Wundef -Wwrite-strings
WERROR   ?= -Werror
OPT      ?= -O2 -g
# FORTIFY_SOURCE needs an optimised build and gets in the sanitizers' way.
HARDEN   := -fstack-protector-strong -fPIE $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
LDHARDEN := -pie -Wl,-z,relro,-z,now
SANFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)

# pkg-config is asked late, when the packages are there.
PKG_CFLAGS = $(shell pkg-config --cflags $(1))
PKG_LIBS   = $(shell pkg-config --libs $(1))

BASE_CFLAGS := -std=c11 -D_GNU_SOURCE -DHALLMARK_VERSION='"$(VERSION)"' -I. $(OPT) $(HARDEN) \
	$(WARNINGS) $(WERROR) $(SANFLAGS)
ALL_CFLAGS = $(BASE_CFLAGS) $(PKG_CFLAGS_ALL) $(CFLAGS)
PKG_CFLAGS_ALL := $(shell pkg-config --cflags $(PKGS_ALL) 2>/dev/null)

LIBS     := proto config policy
PROGRAMS := signer collector auditor pkcs11
BINARY_signer    := hallmark-signer
BINARY_collector := hallmark-collector
BINARY_auditor   := hallmark-audit
BINARY_pkcs11    := hallmark-hsm

BINARIES := $(foreach p,$(PROGRAMS),$(BUILD)/$(BINARY_$(p)))

.PHONY: all
all: $(BINARIES)

# --- libraries: one per folder; a program's main.c stays out of its library ---------------------

sources = $(filter-out $(1)/main.c,$(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(call sources,$(1)))

define LIBRARY
$(BUILD)/lib$(1).a: $(call objects,$(1))
	@rm -f $$@
	$(AR) rcs $$@ $$^
endef
$(foreach d,$(LIBS) $(PROGRAMS),$(eval $(call LIBRARY,$(d))))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Grouped, because policy uses config and both use proto.
LIB_GROUP = -Wl,--start-group $(1) -Wl,--end-group

define PROGRAM
$(BUILD)/$(BINARY_$(1)): $(BUILD)/obj/$(1)/main.o $(BUILD)/lib$(1).a \
		$(foreach l,$(LIBS),$(BUILD)/lib$(l).a)
	$$(CC) $$(SANFLAGS) $(LDHARDEN) $$(LDFLAGS) -o $$@ $$< \
		$$(call LIB_GROUP,$$(filter %.a,$$^)) \
		$$(call PKG_LIBS,$(PKGS_$(2)) $(PKGS_PROTO) $(PKGS_CONFIG)) -lpthread
endef
$(eval $(call PROGRAM,signer,SIGNER))
$(eval $(call PROGRAM,collector,COLLECTOR))
$(eval $(call PROGRAM,auditor,AUDITOR))
$(eval $(call PROGRAM,pkcs11,PKCS11))

# --- unit tests: tests/unit/test_<module>.c, each its own program --------------------------------

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
ALL_LIBS := $(foreach l,$(LIBS) $(PROGRAMS),$(BUILD)/lib$(l).a)

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(ALL_LIBS)
	@mkdir -p $(@D)
	$(CC) $(SANFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $< $(call LIB_GROUP,$(ALL_LIBS)) \
		$(call PKG_LIBS,$(PKGS_ALL)) -lpthread

.PHONY: unit
unit: $(UNIT_TESTS)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

.PHONY: clean
clean:
	rm -rf build

.SECONDARY:
