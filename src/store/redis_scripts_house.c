/* clang-format off */
/*
 * redis_scripts_house.c - what the server runs in one step for consent, rates, limits and
 * records, and to clear what has passed its time.
 */
#include "redis_private.h"
#include "redis_lua_private.h"

/* KEYS a  ARGV member limit window now. */
const char redis_lua_allow[] =
	"redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(ARGV[4]) - tonumber(ARGV[3]))\n"
	"if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 1 end\n"
	"if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end\n"
	"redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])\n"
	"redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
	"return 1\n";

/* KEYS c l  ARGV consent now ext box. Returns whether the consent was another. */
const char redis_lua_consent_add[] =
	"local now = redis.call('HGET', KEYS[1], 'consent') or '0'\n"
	"if now == ARGV[1] then return 0 end\n"
	"redis.call('HSET', KEYS[1], 'consent', ARGV[1], 'since', ARGV[2])\n"
	"redis.call('XADD', KEYS[2], '*', 'at', ARGV[2], 'consent', ARGV[1], 'ext', ARGV[3],\n"
	"  'box', ARGV[4])\n"
	"return 1\n";

/* The time of the server in microseconds: one clock for all processes. */
#define LUA_TIME                                                                                   \
	"local time = redis.call('TIME')\n"                                                        \
	"local now = time[1] * 1000000 + time[2]\n"

/* KEYS rt  ARGV rate spare want. Returns {granted, wait in microseconds}: rule_rate_take() of
 * rules.c, line by line. */
const char redis_lua_rate_take[] = LUA_TIME
	"local function sends(n, percent)\n"
	"  return math.floor((n * 100000000 + percent - 1) / percent)\n"
	"end\n"
	"local function room(at, tolerance, percent, want)\n"
	"  local us = now + tolerance - at\n"
	"  if us < 0 then return 0 end\n"
	"  return math.min(math.floor(us * percent / 100000000) + 1, want)\n"
	"end\n"
	"local function wait(at, tolerance, percent)\n"
	"  local half = tolerance / 2\n"
	"  return at - now - (sends(1, percent) > half and tolerance or half)\n"
	"end\n"
	"local r = redis.call('HMGET', KEYS[1], 'all', 'spare', 'slow', 'div')\n"
	"local divisor = now < tonumber(r[3] or 0) and tonumber(r[4]) or 1\n"
	"local all = math.max(math.floor(ARGV[1] * 97 / divisor), 1)\n"
	"local most = math.max(math.floor(all * 4 / 5), 1)\n"
	"local all_us = math.max(tonumber(r[1] or 0), now)\n"
	"local spare_us = math.max(tonumber(r[2] or 0), now)\n"
	"local spare, want = ARGV[2] == '1', tonumber(ARGV[3])\n"
	"local tolerance = spare and 4000 or 10000\n"
	"local n = room(all_us, tolerance, all, want)\n"
	"if spare then n = room(spare_us, 10000, most, n) end\n"
	"all_us = all_us + sends(n, all)\n"
	"spare_us = spare_us + sends(n, most)\n"
	"if n > 0 then\n"
	"  redis.call('HSET', KEYS[1], 'all', string.format('%.0f', all_us))\n"
	"  if spare then redis.call('HSET', KEYS[1], 'spare', string.format('%.0f', spare_us)) end\n"
	"  local life = math.ceil((math.max(all_us, spare_us, tonumber(r[3] or 0)) - now) / 1000)\n"
	"  redis.call('PEXPIRE', KEYS[1], life + 60000)\n"
	"end\n"
	"if n == want then return {n, 0} end\n"
	"local again = math.max(wait(all_us, tolerance, all), 1)\n"
	"if spare then again = math.max(again, wait(spare_us, 10000, most)) end\n"
	"return {n, again}\n";

/* KEYS rt  ARGV divisor, for so many microseconds. */
const char redis_lua_rate_slow[] = LUA_TIME
	"local till = now + tonumber(ARGV[2])\n"
	"redis.call('HSET', KEYS[1], 'div', ARGV[1], 'slow', string.format('%.0f', till))\n"
	"redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] / 1000) + 60000)\n"
	"return 1\n";

/* KEYS r  ARGV from to now. Returns whether the record was there and in that state. */
const char redis_lua_record_change[] =
	"local state = redis.call('HGET', KEYS[1], 'state')\n"
	"if not state or (ARGV[1] ~= '' and state ~= ARGV[1]) then return 0 end\n"
	"redis.call('HSET', KEYS[1], 'state', ARGV[2], 'updated', ARGV[3])\n"
	"return 1\n";

/* KEYS ix calls, then s of each contact  ARGV now, then the contacts. Drops those that have no
 * session any more. Returns how many. */
const char redis_lua_drop_sessions[] = LUA_SESSION
	"local now, dropped = tonumber(ARGV[1]), 0\n"
	"for i = 3, #KEYS do\n"
	"  if session(KEYS[i], now) == '0' then\n"
	"    redis.call('DEL', KEYS[i])\n"
	"    redis.call('ZREM', KEYS[2], ARGV[i-1])\n"
	"    dropped = dropped + redis.call('ZREM', KEYS[1], ARGV[i-1])\n"
	"  end\n"
	"end\n"
	"return dropped\n";
