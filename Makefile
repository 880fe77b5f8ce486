# Samvad: `make run` and `make test` are the two commands; everything else is below them.

PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
BUILD   ?= build
JOBS    ?= $(shell nproc)
VERSION := 0.1.0

# ---------------------------------------------------------------- flags
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
            -Wundef -Wpointer-arith -Wwrite-strings -Werror
HARDEN   := -fstack-protector-strong -fPIE -fno-plt -D_FORTIFY_SOURCE=2
OPT      ?= -O2 -g
SANITIZE ?=
ifneq ($(SANITIZE),)
# gcc's instrumented code makes it see null formats that are not there
HARDEN   := -fPIE -fno-omit-frame-pointer $(if $(findstring clang,$(CC)),,-Wno-format-truncation) $(SANITIZE)
endif
CPPFLAGS += -Iinclude -D_GNU_SOURCE -DSAMVAD_VERSION='"$(VERSION)"'
CFLAGS   += -std=c11 $(OPT) $(WARN) $(HARDEN) -pthread
LDFLAGS  += -pie -Wl,-z,relro,-z,now -pthread $(SANITIZE)
LIBS     := -lcivetweb -lcjson -lcurl -lhiredis -lsqlite3 -lpcre2-8 -lutf8proc -lssl -lcrypto -lm -ldl

# V=1 shows the commands.
Q := $(if $(V),,@)

# ---------------------------------------------------------------- what is built
SRC      := $(sort $(wildcard src/*.c src/*/*.c))
OBJ      := $(SRC:%.c=$(BUILD)/%.o)
LIB_OBJ  := $(filter-out $(BUILD)/src/main.o,$(OBJ))
LIB      := $(BUILD)/libsamvad.a
BIN      := $(BUILD)/samvad
TEST_SRC := $(sort $(wildcard tests/unit/test_*.c tests/contract/test_*.c))
TEST_BIN := $(TEST_SRC:%.c=$(BUILD)/%)
BENCH_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/*.c))
BENCH_BIN := $(BUILD)/tests/bench/bare $(BUILD)/tests/bench/load
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/%)

.PHONY: all
all: $(BIN)

$(BIN): $(BUILD)/src/main.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(TEST_BIN): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	@echo "  LD $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

$(BUILD)/tests/bench/bare: $(BUILD)/tests/bench/bare.o $(LIB)
$(BUILD)/tests/bench/load: $(filter $(BUILD)/tests/bench/load%,$(BENCH_OBJ)) $(LIB)
$(BENCH_BIN):
	@echo "  LD $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

.SECONDARY:
-include $(OBJ:.o=.d) $(TEST_BIN:=.d) $(BENCH_OBJ:.o=.d) $(FUZZ_SRC:%.c=$(BUILD)/%.d)

# ---------------------------------------------------------------- people's commands
# The recipes call make again, because what `deps` installs may be what the rules above need.
.PHONY: run test deps deps-test
run: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@exec $(BIN) serve

deps:
	@tests/lint/deps run
deps-test:
	@tests/lint/deps test

test: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) all unit-binaries
	@BUILD=$(BUILD) tests/run

.PHONY: unit-binaries unit
unit-binaries: $(TEST_BIN)
unit: unit-binaries
	@BUILD=$(BUILD) tests/run --unit

# ---------------------------------------------------------------- speed
# Five minutes and more; tests/bench/run says how to shorten it.
.PHONY: bench bench-binaries
bench: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) all bench-binaries
	@BUILD=$(BUILD) tests/bench/run
bench-binaries: $(BENCH_BIN)

# ---------------------------------------------------------------- checks
.PHONY: asan tsan lint fuzz coverage
asan: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=build-asan OPT="-O1 -g" \
	  SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined" all unit-binaries
	@BUILD=build-asan tests/run

tsan: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=build-tsan OPT="-O1 -g" SANITIZE="-fsanitize=thread" all unit-binaries
	@BUILD=build-tsan tests/run

lint: deps-test
	@tests/lint/run

FUZZ_SECONDS ?= 60
fuzz: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) fuzz-binaries CC=clang BUILD=build-fuzz OPT="-O1 -g" \
	  SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"
	@tests/fuzz/run build-fuzz $(FUZZ_SECONDS)

.PHONY: fuzz-binaries
fuzz-binaries: $(FUZZ_BIN)
$(FUZZ_BIN): $(BUILD)/%: $(BUILD)/tests/fuzz/%.o $(LIB)
	@echo "  LD $@"
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)

coverage: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=build-cov OPT="-O0 -g --coverage" SANITIZE="--coverage" all unit-binaries
	@BUILD=build-cov tests/run
	@gcov -n -o build-cov $(SRC:%.c=build-cov/%.o) 2>/dev/null | awk -f tests/lint/coverage.awk

# ---------------------------------------------------------------- install
.PHONY: install clean
install: all
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/samvad
	mkdir -p $(DESTDIR)$(PREFIX)/share/samvad
	cp -R templates $(DESTDIR)$(PREFIX)/share/samvad/

clean:
	rm -rf build build-*
