# nginx-smtp-verify; "make help" says what each target does.
#
# Everything is built out of tree, below BUILD.  Variables to set:
#
#   NGX_SRC=dir     an nginx source tree to build and test with, instead of
#                   Debian's nginx and nginx-dev
#   BUILD=dir       instead of build/
#   CC=clang        instead of gcc
#   TESTS="a b"     the suites to run, instead of t/*/*.t; "fast": few of them
#   EXAMPLE=signup  what "make run" starts, of conf/examples; another port:
#                   a copy there, with another "listen"
#   HELO=name FROM=address  the identity for "make run", to ask real servers
#   SLOW=N          all times of the suites N times as long, for a slow machine
#   ZONES=1         the suites with a cache and a throttle wherever they have none
#   REUSE=1         the suites, each address once more on a session that was kept
#   WERROR=1        a warning of the compiler ends the build, as it does in CI
#   FUZZ="a b"      the fuzz targets to run, FUZZ_SECONDS each

SHELL        := /bin/bash
.SHELLFLAGS  := -o pipefail -ec
MAKEFLAGS    += --no-builtin-rules --no-print-directory

BUILD        ?= build
FUZZ_SECONDS ?= 60
SLOW         ?= 1
ZONES        ?=
REUSE        ?=
WERROR       ?=
PROVE_FLAGS  ?= -j3
DESTDIR      ?=
PREFIX       ?= /usr

# those that take longest go first: none of them is what all wait for

LONG         := $(patsubst %,t/%.t,throttle/throttle throttle/share smtp/dns \
    list/list list/stream)
TESTS        ?= $(LONG) $(filter-out $(LONG),$(sort $(wildcard t/*/*.t)))

ifneq ($(word 2,x$(CURDIR)x$(BUILD)x$(NGX_SRC)x),)
$(error make knows no blanks in paths: "$(CURDIR)"$(if $(filter-out build, \
    $(BUILD)), "$(BUILD)")$(if $(NGX_SRC), "$(NGX_SRC)"))
endif

ifeq ($(origin CC),default)
CC           := gcc
endif

WERROR_FLAG  := $(if $(WERROR),-Werror)

COMMA        := ,
ROOT         := $(CURDIR)
B            := $(abspath $(BUILD))
MODULE       := ngx_http_smtp_verify_module.so
DATADIR      := $(PREFIX)/share/nginx-smtp-verify
DOCDIR       := $(PREFIX)/share/doc/nginx-smtp-verify

SOURCES      := $(sort $(filter-out src/cli/%, \
                    $(wildcard src/*/*.[ch] src/*/*/*.[ch])))
DIRS         := $(patsubst src/%/,%,$(sort $(dir $(SOURCES))))
PLAIN        := $(sort $(wildcard src/*/sv_*.c src/*/*/sv_*.c))
DATA         := $(shell sh src/rules/embed.sh --list conf | tr ' ' ':')
GEN          := $(foreach d,$(DATA),$(B)/gen/sv_data_$(word 1,$(subst :, ,$d)).c)
UNIT         := $(basename $(notdir $(wildcard t/unit/test_*.c)))
FUZZ         ?= $(basename $(notdir $(wildcard t/fuzz/fuzz_*.c)))


.PHONY: all
all: module        ## build the module for Debian's nginx (or for NGX_SRC=dir)

.DELETE_ON_ERROR:
.PHONY: FORCE


# ---- data files, compiled in

define data_rule
$(B)/gen/sv_data_$(1).c: $(2) src/rules/embed.sh
	@mkdir -p $$(@D)
	@sh src/rules/embed.sh $(1) $(2) > $$@.tmp
	@mv $$@.tmp $$@
endef

$(foreach d,$(DATA),$(eval \
    $(call data_rule,$(word 1,$(subst :, ,$d)),$(word 2,$(subst :, ,$d)))))

# the names of all sources: nginx is configured anew when one comes or goes

$(B)/sources: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(SOURCES) $(GEN) > $@.$$$$; \
	if cmp -s $@.$$$$ $@; then rm $@.$$$$; else \
	    rm -f $(filter-out $(GEN),$(wildcard $(B)/gen/*.c)); \
	    mv $@.$$$$ $@; fi


# ---- the module

CONFIGURE_ENV := SMTP_VERIFY_GEN=$(B)/gen
LOCK          := flock $(B)/lock
JOBS           = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

NGX_FLAGS     := --with-compat --with-debug --with-threads \
    --with-http_ssl_module --with-http_v2_module --with-http_realip_module \
    --with-http_auth_request_module --with-http_stub_status_module

ifdef NGX_SRC

NGX_TREE      := $(abspath $(NGX_SRC))
NGX_VERSION   := $(shell sed -n 's/^.define NGINX_VERSION.*"\(.*\)"/\1/p' \
                     $(NGX_TREE)/src/core/nginx.h)
NB            := $(B)/nginx-$(or $(NGX_VERSION),$(error $(NGX_SRC): not an \
                     nginx source tree))
NGX_BIN       := $(NB)/objs/nginx
NGX_TARGETS   := binary modules
NGX_FLAGS     += $(if $(wildcard $(NGX_TREE)/src/http/v3),--with-http_v3_module)
CONFIGURE_DIR := $(NB)/tree

# the tree stays as it is: configure runs in a directory of links to it

define configure
rm -rf $(NB)/tree && mkdir -p $(NB)/tree \
    && ln -s $(NGX_TREE)/* $(NB)/tree \
    && cd $(NB)/tree && rm -f Makefile objs && $(CONFIGURE_ENV) \
    $$(test -x configure && echo ./configure || echo auto/configure) \
    --builddir=$(NB)/objs --with-cc=$(CC) --prefix=$(NB)/prefix \
    --with-cc-opt="$(WERROR_FLAG)" \
    $(NGX_FLAGS) --add-dynamic-module=$(ROOT)
endef

else

NGX_TREE      := /usr/share/nginx/src
NB            := $(B)/nginx
NGX_BIN       := $(or $(shell PATH="$$PATH:/usr/sbin" command -v nginx),nginx)
NGX_TARGETS   := modules
CONFIGURE_DIR := $(NGX_TREE)

define configure
cd $(NGX_TREE) && . ./conf_flags && $(CONFIGURE_ENV) ./configure \
    --builddir=$(NB)/objs --with-cc=$(CC) \
    --with-cc-opt="$$(dpkg-buildflags --get CFLAGS) -fPIC \
        $$(dpkg-buildflags --get CPPFLAGS) $(WERROR_FLAG)" \
    --with-ld-opt="$$(dpkg-buildflags --get LDFLAGS) -fPIC" \
    "$${NGX_CONF_FLAGS[@]}" --add-dynamic-module=$(ROOT)
endef

endif

ifdef NGX_SRC
SO            := $(NB)/$(MODULE)
else
SO            := $(B)/$(MODULE)
endif

# configured anew for a new source, nginx itself need not be compiled again

define same_config
	@f=$(1)/ngx_auto_config.h; \
	if cmp -s $$f $$f.last; then touch -r $$f.last $$f; fi; \
	cp -p $$f $$f.last
	@touch $(1)/Makefile
endef

.PHONY: module
module: $(SO)

$(NGX_TREE)/src/core/nginx.h:
	@echo "$@ is missing: make deps (as root), or NGX_SRC=dir" >&2; exit 1

$(NB)/objs/Makefile: config $(B)/sources $(NGX_TREE)/src/core/nginx.h | $(GEN)
	@echo "configuring $(NB)"
	@mkdir -p $(NB)
	@($(configure)) > $(NB)/configure.log 2>&1 \
	    || { tail -n 25 $(NB)/configure.log >&2; exit 1; }
	$(call same_config,$(NB)/objs)

# loaded once before it takes the place of the last good one

$(SO): $(NB)/objs/Makefile $(SOURCES) $(GEN)
	@$(LOCK) t/tools/build-progress $(NB)/objs/Makefile \
	    $(MAKE) -s $(JOBS) -f $(NB)/objs/Makefile \
	    -C $(CONFIGURE_DIR) $(NGX_TARGETS)
	@t/tools/load-module $(NGX_BIN) $(NB)/objs/$(MODULE) $(NB)/load
	@cp $(NB)/objs/$(MODULE) $@.tmp
	@mv $@.tmp $@
	@echo "$(patsubst $(ROOT)/%,%,$@): $$($(NGX_BIN) -v 2>&1)"


# Debian's newest nginx is there as headers alone: the module is compiled with
# them, but there is no nginx to load it.  A tree, NGX_SRC, has both

.PHONY: compile
compile: $(NB)/objs/Makefile
	@$(LOCK) $(MAKE) -s $(JOBS) -f $(NB)/objs/Makefile \
	    -C $(CONFIGURE_DIR) modules
	@echo "compiled with nginx $$(sed -n \
	    's/^.define NGINX_VERSION.*"\(.*\)"/\1/p' \
	    $(NGX_TREE)/src/core/nginx.h)"

.PHONY: newest
newest: deps-build ## compile with the newest nginx that Debian has, or with NGX_SRC=dir, and run TESTS=fast there
ifdef NGX_SRC
	@$(MAKE) test TESTS=fast
else
	@rc=0; t/tools/nginx-newest $(B)/newest/tree || rc=$$?; \
	case $$rc in \
	    0)  $(MAKE) compile BUILD=$(B)/newest NGX_TREE=$(B)/newest/tree ;; \
	    3)  echo "skipped: no newer nginx to be had; NGX_SRC=dir names one" ;; \
	    *)  exit $$rc ;; \
	esac
endif


# ---- plain C: a library of its own for unit tests, fuzzing and the tool

WARN         := -std=gnu99 -Wall -Wextra -Wdeclaration-after-statement \
    $(WERROR_FLAG)
INCS         := $(patsubst %,-I$(ROOT)/src/%,$(DIRS))
LIBS         := -Wl,--as-needed -lidn2 -lutf8proc -lcjson -lsqlite3 -lhiredis -lresolv -lcrypto
SAN          := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined
SAN_STRICT   := $(SAN) -fno-sanitize-recover=all
FUZZ_CC      ?= clang

# does the library $(1) have the objects that it is to have?  By their times
# alone one that came while another make was at work would be missed, and one
# that went would stay

members = diff -q <(ar t $(1) 2> /dev/null | sort) \
    <(printf '%s\n' $(notdir $(PLAIN:.c=.o) $(GEN:.c=.o)) | sort) > /dev/null

# $(1): name of the variant, $(2): compiler, $(3): flags, $(4): of programs

define variant
$(B)/$(1)/libsv.a: $(PLAIN:%.c=$(B)/$(1)/%.o) \
        $(patsubst $(B)/%.c,$(B)/$(1)/%.o,$(GEN)) $(B)/$(1)/members
	@rm -f $$@
	@ar crs $$@ $$(filter %.o,$$^)

$(B)/$(1)/members: FORCE
	@mkdir -p $$(@D)
	@test -e $$@ && $(call members,$$(@D)/libsv.a) || touch $$@

$(B)/$(1)/src/%.o: src/%.c
	@mkdir -p $$(@D)
	@$(2) $(WARN) $(3) $(INCS) -MMD -MP -MT $$@ -c -o $$@ $$<

$(B)/$(1)/gen/%.o: $(B)/gen/%.c
	@mkdir -p $$(@D)
	@$(2) $(WARN) $(3) -c -o $$@ $$<

$(B)/$(1)/t/%.o: t/%.c
	@mkdir -p $$(@D)
	@$(2) $(WARN) -Wno-unused-parameter $(3) $(INCS) -It/unit/nginx \
	    -MMD -MP -MT $$@ -c -o $$@ $$<

$(B)/$(1)/test_%: $(B)/$(1)/t/unit/test_%.o $(B)/$(1)/libsv.a
	@$(2) $(3) -o $$@ $$^ $(LIBS) -lcmocka

$(B)/$(1)/fuzz_%: $(B)/$(1)/t/fuzz/fuzz_%.o $(B)/$(1)/libsv.a
	@$(2) $(3) $(4) -o $$@ $$^ $(LIBS)

-include $(wildcard $(B)/$(1)/*/*/*.d $(B)/$(1)/*/*/*/*.d)
endef

$(eval $(call variant,plain,$(CC),-O2 -g))
$(eval $(call variant,asan,$(CC),$(SAN_STRICT)))
$(eval $(call variant,fuzz,$(FUZZ_CC),$(SAN_STRICT) \
    -fsanitize=fuzzer-no-link,-fsanitize=fuzzer))

.SECONDARY:

run_unit = @for t in $(UNIT); do echo "-- $$t"; $(B)/$(1)/$$t; done

.PHONY: unit
unit: deps-unit $(UNIT:%=$(B)/plain/%)  ## run the unit tests, t/unit
	$(call run_unit,plain)

.PHONY: fuzz
fuzz: $(FUZZ:%=$(B)/fuzz/%)     ## run each target of t/fuzz for FUZZ_SECONDS
	@for f in $(FUZZ); do \
	    corpus=$(B)/fuzz/corpus/$$f; seeds=; dict=; mkdir -p $$corpus; \
	    if [ -d t/fuzz/corpus/$$f ]; then seeds=t/fuzz/corpus/$$f; fi; \
	    if [ -f t/fuzz/$$f.dict ]; then dict=-dict=t/fuzz/$$f.dict; fi; \
	    echo "-- $$f, $(FUZZ_SECONDS) s"; \
	    $(B)/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -timeout=5 \
	        -rss_limit_mb=1024 -print_final_stats=1 $$dict \
	        -artifact_prefix=$(B)/fuzz/$$f- $$corpus $$seeds \
	        > $(B)/fuzz/$$f.log 2>&1 \
	        || { tail -n 60 $(B)/fuzz/$$f.log; exit 1; }; \
	    grep -E '^stat::(number|average|peak)' $(B)/fuzz/$$f.log; \
	done

$(B)/smtp-verify-classify: $(B)/plain/src/cli/smtp_verify_classify.o \
        $(B)/plain/libsv.a
	@$(CC) -O2 -g -o $@ $^ $(LIBS)

CLIENT_SRC   := $(filter-out src/cli/smtp_verify_classify.c, \
                    $(wildcard src/cli/*.c))

$(B)/smtp-verify: $(CLIENT_SRC:%.c=$(B)/plain/%.o) $(B)/plain/libsv.a
	@$(CC) -O2 -g -o $@ $^ -lcurl $(LIBS)

$(B)/asan/smtp-verify: $(CLIENT_SRC:%.c=$(B)/asan/%.o) $(B)/asan/libsv.a
	@$(CC) $(SAN_STRICT) -o $@ $^ -lcurl $(LIBS)

.PHONY: client
client: deps-client $(B)/smtp-verify   ## build/smtp-verify, the client on the command line

# by the names one types

build/%: $(ROOT)/build/% ;

.PHONY: api-ui
api-ui:            ## Swagger UI and ReDoc for the console, by npm, to build/html; "make run" and "make install" take them from there
	@t/tools/api-ui $(B)/html

.PHONY: accuracy
accuracy: $(B)/smtp-verify-classify  ## REPLIES=file.jsonl [SYNTAX=file.jsonl]: measure the classifier on labelled data
	@CLASSIFY=$< REPLIES="$(REPLIES)" SYNTAX="$(SYNTAX)" t/accuracy/run


# ---- checks

.PHONY: lint lint-fast lint-deep
lint: lint-fast lint-deep  ## check style, arrows and paths; cppcheck, clang-tidy

lint-fast:         ## the part of lint that takes no time
	@t/lint/style
	@t/lint/arrows
	@t/lint/names
	@t/lint/paths
	@t/lint/docs
	@t/lint/openapi
	@t/lint/console

lint-deep:
	@$(MAKE) deps-lint
	@$(MAKE) $(NB)/objs/Makefile
	@t/lint/deep $(NB)/objs/Makefile $(CONFIGURE_DIR)


# ---- suites

# those that reach most lines in little time: 88 of 100 that all suites reach

FAST         := $(patsubst %,t/%.t,cache/behind cache/facts check/checks \
    egress/egress egress/outage egress/proxy-names gate/form http/config \
    http/quota http/tokens http/variables list/formats smtp/flight)

# $(1): of nginx, $(2): the directory of prove's state

suites = TEST_NGINX_BINARY=$(1) TEST_VERIFY_SLOW=$(SLOW) \
    TEST_VERIFY_ZONES=$(ZONES) TEST_VERIFY_REUSE=$(REUSE) \
    PROVE_FLAGS="$(PROVE_FLAGS)" t/tools/suites $(2)/prove \
    $(if $(filter fast,$(TESTS)),$(FAST),$(TESTS))

.PHONY: test
test:              ## lint-fast, unit, then the suites t/*/*.t (or TESTS="a b")
	@$(MAKE) deps-test
	@$(MAKE) lint-fast unit module $(B)/smtp-verify
	@export TEST_NGINX_LOAD_MODULES=$(SO); $(call suites,$(NGX_BIN),$(B))


# nginx of Debian's source package with the module built in and each pool
# allocation a malloc()

A             := $(B)/asan
V             := $(B)/valgrind
ASAN_CC_OPT   := $(SAN) -fno-sanitize=alignment,nonnull-attribute \
                 -fno-sanitize=pointer-overflow

$(B)/tree/configure:
	@t/tools/nginx-source $(B)/tree

$(A)/lsan.o: t/tools/lsan.c
	@mkdir -p $(@D)
	@$(CC) $(WARN) -O1 -g -c -o $@ $<

# $(1): directory, $(2): flags to compile, $(3): to link

define checked
$(1)/objs/Makefile: config $(B)/sources $(B)/tree/configure | $(GEN)
	@echo "configuring $(1)"
	@mkdir -p $(1)
	@(cd $(B)/tree && $(CONFIGURE_ENV) ./configure \
	    --builddir=$(1)/objs --prefix=$(1)/prefix --with-cc=$(CC) \
	    --with-cc-opt="$(2) -DNGX_DEBUG_PALLOC=1 $(WERROR_FLAG)" --with-ld-opt="$(3)" \
	    $(filter-out --with-compat,$(NGX_FLAGS)) --add-module=$(ROOT)) \
	    > $(1)/configure.log 2>&1 \
	    || { tail -n 25 $(1)/configure.log >&2; exit 1; }
	$$(call same_config,$(1)/objs)

$(1)/objs/nginx: $(1)/objs/Makefile $(SOURCES) $(GEN)
	@$(LOCK) $$(MAKE) -s $$(JOBS) -f $(1)/objs/Makefile -C $(B)/tree binary
endef

$(eval $(call checked,$(A),$(ASAN_CC_OPT),-fsanitize=address$(COMMA)undefined \
    $(A)/lsan.o))
$(eval $(call checked,$(V),-O1 -g -DNGX_VALGRIND=1))

$(A)/objs/Makefile: $(A)/lsan.o

# $(1): of suites, $(2): directory.  Whatever was reported fails it, said once
# more below the summary

define checked_suites
	rm -rf $(2)/log && mkdir -p $(2)/log && chmod 1777 $(2)/log; \
	export TEST_NGINX_SANITIZER=1 TEST_VERIFY_REPORTS=$(2)/log/; \
	rc=0; $(call suites,$(1),$(2)) || rc=$$?; \
	files=$$(find $(2)/log -type f -size +0); \
	if [ -n "$$files" ]; then \
	    tail -n 100 $$files; \
	    echo "reports of $$(echo "$$files" | wc -l) processes: $(2)/log"; \
	    exit 1; \
	fi; \
	echo "no report"; exit $$rc
endef

.PHONY: asan asan-nginx asan-unit
asan-nginx: $(A)/objs/nginx

asan-unit: $(UNIT:%=$(A)/%)
	$(call run_unit,asan)

asan: SLOW = 3
asan: deps-asan asan-nginx asan-unit $(A)/smtp-verify  ## unit tests and suites under AddressSanitizer and UBSan, with pool debugging; SLOW=3
	@export ASAN_OPTIONS=log_path=$(A)/log/asan; \
	export UBSAN_OPTIONS=log_path=$(A)/log/ubsan:print_stacktrace=1; \
	export TEST_VERIFY_CLIENT=$(A)/smtp-verify; \
	$(call checked_suites,$(A)/objs/nginx,$(A))

.PHONY: valgrind valgrind-nginx
valgrind-nginx: $(V)/objs/nginx

valgrind: SLOW = 10
valgrind: deps-valgrind valgrind-nginx  ## suites under valgrind, with pool debugging; SLOW=10
	@export VALGRIND_NGINX=$(V)/objs/nginx; \
	$(call checked_suites,$(ROOT)/t/tools/valgrind-nginx,$(V))


# schemathesis makes requests of what docs/openapi.json allows, and of what it
# does not, and checks the answers; it comes from PyPI, so CI does not run it

.PHONY: api-fuzz
api-fuzz: module   ## requests of all kinds, made from docs/openapi.json, for API_FUZZ_SECONDS (600); needs PyPI
	@t/tools/api-fuzz $(B) $(NGX_BIN) $(SO) $(or $(API_FUZZ_SECONDS),600)


# ---- benchmark

BENCH_TOOLS  := $(addprefix $(B)/bench/,sink dnsd bare load)

$(B)/bench/%.o: t/bench/%.c
	@mkdir -p $(@D)
	@$(CC) $(WARN) -O2 -g -MMD -MP -MT $@ -c -o $@ $<

$(B)/bench/sink: $(B)/bench/sink.o $(B)/bench/sink_tls.o $(B)/bench/util.o
	@$(CC) -o $@ $^ -lssl -lcrypto

$(B)/bench/%: $(B)/bench/%.o $(B)/bench/util.o
	@$(CC) -o $@ $^

$(B)/bench/hostile: t/hostile/hostile.c t/hostile/wire.c t/hostile/wire.h
	@mkdir -p $(@D)
	@$(CC) $(WARN) -O2 -g -o $@ $(filter %.c,$^) -lssl -lcrypto

$(B)/bench/turns.so: t/hostile/turns.c
	@mkdir -p $(@D)
	@$(CC) $(WARN) -O2 -g -shared -fPIC -o $@ $< -ldl

-include $(wildcard $(B)/bench/*.d)

$(B)/bench/bench_replies $(B)/bench/bench_checks: $(B)/bench/%: \
    t/bench/%.c $(B)/plain/libsv.a
	@mkdir -p $(@D)
	@$(CC) $(WARN) -O2 -g $(INCS) -o $@ $^ $(LIBS)

.PHONY: bench-rules
bench-rules: deps-unit $(B)/bench/bench_replies $(B)/bench/bench_checks  ## CPU time of a reply's class and of an address' checks
	@$(B)/bench/bench_replies conf/rules.conf
	@$(B)/bench/bench_checks

.PHONY: bench
bench: deps-bench module $(BENCH_TOOLS) bench-rules  ## measure against a bare client; BENCH="uncached memory": only these
	@t/bench/run $(B) $(NGX_BIN) $(SO) $(BENCH)

# SCALE="lists blocked": only these tables

$(B)/scale/world.so: $(wildcard t/scale/*.[ch])
	@mkdir -p $(@D)
	@$(CC) $(WARN) -O2 -g -fPIC -shared -o $@ $(filter %.c,$^) -ldl

.PHONY: scale
scale: deps-bench module $(B)/scale/world.so  ## how many of our addresses a list needs: days of nginx in a few minutes, by a clock of its own
	@t/scale/run $(B) $(NGX_BIN) $(SO) $(SCALE)

.PHONY: instructions
instructions: deps-bench deps-valgrind module $(BENCH_TOOLS)  ## count a question's instructions, by valgrind: for noisy machines
	@t/bench/instructions $(B) $(NGX_BIN) $(SO)

.PHONY: trace
trace: deps-bench $(BENCH_TOOLS)  ## count the files that a question goes through; TRACE_ALL=FILE: all functions, too
	@$(MAKE) -s module BUILD=$(B)/trace WERROR_FLAG=-finstrument-functions
	@$(CC) $(WARN) -O2 -fPIC -shared -o $(B)/trace/hook.so t/bench/trace.c -ldl
	@t/bench/trace $(B) $(NGX_BIN) $(subst $(B),$(B)/trace,$(SO)) \
	    $(B)/trace/hook.so

.PHONY: attack
attack: deps-bench module $(BENCH_TOOLS)  ## a client that asks tarpits, or waits for greylists, and the times of others meanwhile
	@t/soak/attack $(B) $(NGX_BIN) $(SO) $(ATTACK_SECONDS)

.PHONY: soak
soak: deps-bench module $(BENCH_TOOLS)  ## load, faults, kills and reloads for SOAK_SECONDS (300)
	@t/soak/run $(B) $(NGX_BIN) $(SO) $(SOAK_SECONDS)

# SOAK_EVENTS="cut full": only these faults; SOAK_SEED=N: another run; and
# SOAK_ASAN=1: under ASan and UBSan

.PHONY: soak-jobs
soak-jobs: deps-bench module $(BENCH_TOOLS) $(if $(SOAK_ASAN),asan-nginx)  ## jobs, kills, reloads, full disks and power cuts for SOAK_SECONDS (1800); SOAK_ASAN=1
	@t/soak/jobs $(B) $(if $(SOAK_ASAN),$(A)/objs/nginx -,$(NGX_BIN) $(SO)) \
	    $(SOAK_SECONDS)

.PHONY: soak-kills
soak-kills: deps-bench module $(BENCH_TOOLS)  ## a job of KILLS_RECORDS (200000), while workers and the master are killed by signal 9
	@t/soak/jobs-kills $(B) $(NGX_BIN) $(SO) $(KILLS_RECORDS)

.PHONY: soak-fleet
soak-fleet: deps-fleet module $(BENCH_TOOLS)  ## four machines that share FLEET_ADDRESSES (100000) by Valkey or Redis, and what may happen to it
	@t/soak/fleet $(B) $(NGX_BIN) $(SO) $(FLEET_ADDRESSES)

.PHONY: soak-fleet-jobs
soak-fleet-jobs: deps-fleet module $(BENCH_TOOLS)  ## a job of FLEET_RECORDS (20000) that four machines work at, while they and the store are killed
	@t/soak/fleet-jobs $(B) $(NGX_BIN) $(SO) $(FLEET_RECORDS)

.PHONY: soak-fleet-throttle
soak-fleet-throttle: deps-fleet module $(BENCH_TOOLS)  ## four machines that share one address for FLEET_SECONDS (60), and what may happen to their store
	@t/soak/fleet-throttle $(B) $(NGX_BIN) $(SO) $(FLEET_SECONDS)

# CHAOS_SEED=N CHAOS_ROUNDS=1 does one round once more

.PHONY: chaos
chaos: deps-asan deps-bench asan-nginx  ## random configurations, requests, servers and signals under ASan and UBSan for CHAOS_SECONDS (600); CHAOS_SEED=N begins with that round
	@export ASAN_SYMBOLIZER_PATH=$$(command -v llvm-symbolizer); \
	t/soak/chaos $(B) $(A)/objs/nginx - $(or $(CHAOS_SECONDS),600)

.PHONY: flood
flood: deps-bench module $(addprefix $(B)/bench/,dnsd hostile turns.so)  ## hostile mail servers, in clear and TLS, for FLOOD_SECONDS (60), by FLOOD_SEED
	@t/soak/flood $(B) $(NGX_BIN) $(SO) $(FLOOD_SECONDS)


# ---- real parsers behind the gate

COMPARE      ?=

.PHONY: compare
compare: module    ## the gate against real parsers of eight languages, with a corpus and mutations (not in make test); COMPARE="--mutations 100000 --seed 7"
	@$(MAKE) deps-compare
	@t/compare/install $(B)/compare
	@t/compare/run $(B)/compare $(NGX_BIN) $(SO) $(COMPARE)


# ---- machines that are new

ROOTS        ?= debian:bookworm debian:trixie ubuntu:noble

.PHONY: bare
bare:              ## "make run" and "make test" on new systems, made by debootstrap (as root): ROOTS="debian:trixie ubuntu:noble"; STEPS="run stop test", BARE_ARGS="SLOW=2 TESTS=..."
	@STEPS="$(STEPS)" MAKE_ARGS='$(BARE_ARGS)' \
	    t/tools/bare-root $(B)/bare $(ROOTS)


# ---- demo

.PHONY: run
run:               ## a demo: nginx with conf/examples/quickstart.conf (or EXAMPLE=name), a real mail server and a DNS server
	@t/demo/start --check
	@echo "looking for packages that are missing"
	@$(MAKE) deps-run
	@echo "building the module (a few minutes at the first time)"
	@$(MAKE) module
	@t/demo/start $(B) $(NGX_BIN) $(SO)

.PHONY: stop
stop:              ## end what "make run" started
	@t/demo/stop $(B)


# ---- house

DEPS_BUILD := gcc make libc6-dev nginx nginx-dev dpkg-dev libc-ares-dev \
    libcjson-dev libidn2-dev libutf8proc-dev libsqlite3-dev libhiredis-dev \
    libssl-dev
DEPS_RUN   := $(DEPS_BUILD) curl openssl netbase ca-certificates
DEPS_STORE := 'valkey-server|redis-server'
DEPS_TEST  := $(DEPS_RUN) $(DEPS_STORE) procps python3 python3-jsonschema perl libcmocka-dev libtest-base-perl \
    libio-socket-ssl-perl libnet-dns-perl libcurl4-openssl-dev iproute2 iptables
DEPS_CLIENT := gcc make libc6-dev libcjson-dev libidn2-dev libssl-dev \
    libutf8proc-dev libsqlite3-dev libhiredis-dev libcurl4-openssl-dev
DEPS_UNIT  := gcc make libc6-dev libcjson-dev libidn2-dev libssl-dev \
    libutf8proc-dev libsqlite3-dev libhiredis-dev libcmocka-dev
DEPS_LINT  := $(DEPS_BUILD) perl clang-tidy cppcheck
DEPS_ASAN  := $(DEPS_TEST)
DEPS_VALGRIND := $(DEPS_TEST) valgrind
DEPS_BENCH := $(DEPS_RUN) python3
DEPS_FLEET := $(DEPS_BENCH) $(DEPS_STORE)
DEPS_COMPARE := $(DEPS_RUN) php-cgi ruby ruby-rack ruby-sinatra \
    ruby-actionpack ruby-oj libcgi-pm-perl libplack-perl libmojolicious-perl \
    libdancer2-perl libhttp-body-perl libjson-xs-perl libcpanel-json-xs-perl
DEPS_CSHARP := mono-mcs libmono-system-net-http4.0-cil \
    libmono-system-runtime-serialization4.0-cil
DEPS_ALL   := $(DEPS_TEST) prometheus clang clang-tidy cppcheck libclang-rt-dev python3 \
    valgrind

.PHONY: deps deps-build deps-run deps-unit deps-lint deps-test deps-asan \
    deps-valgrind deps-bench deps-compare deps-client deps-fleet deps-console \
    deps-clients
deps:              ## install what is missing from Debian's packages (as root)
	@t/tools/install-packages $(DEPS_ALL)

deps-build:
	@t/tools/install-packages $(DEPS_BUILD)

deps-run:
	@t/tools/install-packages $(DEPS_RUN)

deps-fleet:
	@t/tools/install-packages $(DEPS_FLEET)

deps-client:
	@t/tools/install-packages $(DEPS_CLIENT)

deps-unit:
	@t/tools/install-packages $(DEPS_UNIT)

deps-lint:
	@t/tools/install-packages $(DEPS_LINT)

deps-test:
	@t/tools/install-packages $(DEPS_TEST)

deps-asan:
	@t/tools/install-packages $(DEPS_ASAN)

deps-valgrind:
	@t/tools/install-packages $(DEPS_VALGRIND)

deps-bench:
	@t/tools/install-packages $(DEPS_BENCH)

# t/console is skipped where there is no browser, which is large; axe-core, which
# looks for what keeps people out, is no package of Debian's

AXE          := axe-core 4.14.1 \
    sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==

deps-console: deps-test  ## a headless Chromium for t/console (as root), and axe-core by npm, if that is there
	@command -v chromium > /dev/null || t/tools/install-packages chromium
	@if command -v npm > /dev/null; then \
	    t/tools/npm-package $(AXE) $(ROOT)/build/axe; \
	else echo "no npm: t/console does without axe-core"; fi

# a language that is there in another way is not installed once more

deps-clients: deps-test  ## the languages of docs/clients.md, for t/house/clients.t (as root)
	@missing() { command -v $$1 > /dev/null || echo $$2; }; \
	t/tools/install-packages $(DEPS_CSHARP) $$(missing php php-cli) \
	    $$(missing ruby ruby) $$(missing node nodejs) $$(missing go golang)

deps-compare:
	@missing() { command -v $$1 > /dev/null || echo $$2; }; \
	t/tools/install-packages $(DEPS_COMPARE) \
	    $$(missing python3 python3-venv) $$(missing node nodejs) \
	    $$(missing npm npm) $$(missing go golang) $$(missing mvn maven) \
	    $$(missing javac default-jdk-headless)

# MODULES_PATH: that of the nginx that will load it.  With NGX_SRC it is the
# one installed of the same version, else where nginx has it by default

MODULES_PATH  = $(shell t/tools/modules-path $(NGX_BIN) $(if $(NGX_SRC),nginx))

.PHONY: install
install: module    ## module to nginx's modules path (or MODULES_PATH), data, examples and the console to share/nginx-smtp-verify, documentation to share/doc, smtp-verify-refresh to sbin; DESTDIR, PREFIX
	@install -d $(DESTDIR)$(MODULES_PATH) $(DESTDIR)$(DATADIR)
	@install -m 644 $(SO) $(DESTDIR)$(MODULES_PATH)/.$(MODULE).new
	@mv -f $(DESTDIR)$(MODULES_PATH)/.$(MODULE).new \
	    $(DESTDIR)$(MODULES_PATH)/$(MODULE)
	@find $(wildcard conf html) -path conf/docker -prune -o -type f \
	    '(' -name '*.conf' -o -name '*.txt' -o -name '*.tokens' \
	    -o -path 'conf/*.json' -o -path 'conf/*.yml' -o -path 'html/*' ! -name '*.md' ')' -print \
	    | while read -r f; do \
	    install -D -m 644 $$f $(DESTDIR)$(DATADIR)/$${f#conf/}; done
	@if [ -d $(B)/html ]; then \
	    cp -R $(B)/html $(DESTDIR)$(DATADIR)/; fi
	@for f in $(wildcard *.md docs/*.md) docs/openapi.json LICENSE; do \
	    install -D -m 644 $$f $(DESTDIR)$(DOCDIR)/$$f; done
	@install -D -m 755 -t $(DESTDIR)$(PREFIX)/sbin tools/smtp-verify-refresh
	@echo "installed: $(DESTDIR)$(MODULES_PATH)/$(MODULE)"

.PHONY: install-client
install-client: client  ## smtp-verify and its man page; DESTDIR, PREFIX
	@install -D -m 755 $(B)/smtp-verify $(DESTDIR)$(PREFIX)/bin/smtp-verify
	@install -D -m 644 docs/smtp-verify.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man1/smtp-verify.1
	@echo "installed: $(DESTDIR)$(PREFIX)/bin/smtp-verify"

.PHONY: uninstall
uninstall:         ## remove what install and install-client have put there: the same DESTDIR, PREFIX and MODULES_PATH
	@rm -f $(DESTDIR)$(MODULES_PATH)/$(MODULE) \
	    $(DESTDIR)$(PREFIX)/sbin/smtp-verify-refresh \
	    $(DESTDIR)$(PREFIX)/bin/smtp-verify \
	    $(DESTDIR)$(PREFIX)/share/man/man1/smtp-verify.1
	@rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)
	@echo "removed: $(DESTDIR)$(MODULES_PATH)/$(MODULE)"

.PHONY: clean
clean:             ## remove what was built, after "make stop"
	@if [ -d $(B)/run ]; then t/demo/stop $(B); fi
	rm -rf $(B)

.PHONY: help
help:              ## this
	@sed -n 's/^\([a-z][a-z-]*\):.*##  *\(.*\)/\1	\2/p' Makefile \
	    | expand -t 14
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile
