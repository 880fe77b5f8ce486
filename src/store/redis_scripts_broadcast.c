/* clang-format off */
/*
 * redis_scripts_broadcast.c - what the server runs in one step for broadcasts: their
 * recipients' rows, their own record, and what was decided about them.
 */
#include "redis_private.h"
#include "redis_lua_private.h"

/* KEYS br  ARGV broadcast, then for each row 9: id contact channel created due state reason
 * error box. New rows WAITING or DEAD. They are many: what is empty is left out, and each index
 * and count is written once. */
const char redis_lua_recipients_add[] =
	"local call = redis.call\n"
	"local tag = string.match(KEYS[1], '^[^}]*}:')\n"
	"local bid, o, bq = ARGV[1], tag .. 'o:', tag .. 'bq:' .. ARGV[1]\n"
	"local ids, dues, counts = {}, {}, {}\n"
	"for i = 2, #ARGV, 9 do\n"
	"  local id, state = ARGV[i], ARGV[i+5]\n"
	"  local key = o .. id\n"
	"  if call('EXISTS', key) == 0 then\n"
	"    if state == '0' then\n"
	"      call('HSET', key, 'contact', ARGV[i+1], 'channel', ARGV[i+2],\n"
	"        'created', ARGV[i+3], 'due', ARGV[i+4], 'state', state, 'bc', bid,\n"
	"        'box', ARGV[i+8])\n"
	"      dues[#dues+1] = ARGV[i+4]\n"
	"      dues[#dues+1] = id .. ' ' .. ARGV[i+1]\n"
	"    else\n"
	"      call('HSET', key, 'contact', ARGV[i+1], 'channel', ARGV[i+2],\n"
	"        'created', ARGV[i+3], 'due', ARGV[i+4], 'state', state, 'bc', bid,\n"
	"        'box', ARGV[i+8], 'reason', ARGV[i+6], 'error', ARGV[i+7])\n"
	"    end\n"
	"    ids[#ids+1] = id\n"
	"    local t = state .. ' ' .. ARGV[i+6] .. ' 0 ' .. ARGV[i+7]\n"
	"    counts[t] = (counts[t] or 0) + 1\n"
	"  end\n"
	"end\n"
	"for i = 1, #ids, 1000 do\n" /* unpack() has a limit */
	"  call('RPUSH', KEYS[1], unpack(ids, i, math.min(i + 999, #ids)))\n"
	"end\n"
	"for i = 1, #dues, 1000 do\n"
	"  call('ZADD', bq, unpack(dues, i, math.min(i + 999, #dues)))\n"
	"end\n"
	"for t, n in pairs(counts) do call('HINCRBY', tag .. 'bn:' .. bid, t, n) end\n"
	"if #dues > 0 then call('HINCRBY', tag .. 'n', 'w', #dues / 2) end\n"
	"return #ids\n";

/* KEYS br  ARGV broadcast, at most so many. Rows of a broadcast whose time has passed, wherever
 * they stand; with the last one its queue and counts. Returns how many. */
const char redis_lua_drop_recipients[] = LUA_ROWS LUA_ROW_READ
	"local ids = call('LRANGE', KEYS[1], 0, ARGV[2] - 1)\n"
	"for _, id in ipairs(ids) do\n"
	"  local v, state, was = row_read(id)\n"
	"  if v then\n"
	"    leave(v, state)\n"
	"    count('', state, was, nil, nil)\n"
	"    call('DEL', tag .. 'o:' .. id)\n"
	"  end\n"
	"end\n"
	"call('LTRIM', KEYS[1], #ids, -1)\n"
	"if #ids < tonumber(ARGV[2]) then\n"
	"  call('DEL', tag .. 'bq:' .. ARGV[1], tag .. 'bn:' .. ARGV[1])\n"
	"end\n"
	"counted()\n"
	"return #ids\n";

/* An entry of the audit streams; ARGV from i on: at action object detail request. The keys are au
 * and au of the object. */
#define LUA_AUDIT                                                                                  \
	"local function audit(all, own, i, life)\n"                                                \
	"  for _, key in ipairs({all, own}) do\n"                                                  \
	"    redis.call('XADD', key, 'MAXLEN', '~', '100000', '*', 'at', ARGV[i],\n"                \
	"      'action', ARGV[i+1], 'object', ARGV[i+2], 'detail', ARGV[i+3],\n"                   \
	"      'request', ARGV[i+4])\n"                                                            \
	"    if key == own then redis.call('PEXPIRE', own, life) end\n"                            \
	"  end\n"                                                                                  \
	"end\n"
_Static_assert(DRIVER_AUDIT_MAX == 100000, "as in LUA_AUDIT");

/* KEYS au, au of the object  ARGV life, then the entry. */
const char redis_lua_audit_add[] = LUA_AUDIT
	"audit(KEYS[1], KEYS[2], 2, ARGV[1])\n"
	"return 1\n";

/* In the order of redis_broadcast.c. */
#define LUA_BROADCAST                                                                              \
	"'id', 'state', 'why', 'code', 'step', 'key', 'digest', 'created', 'send', 'round',\n"     \
	"    'cursor', 'planned', 'planner', 'finished', 'rev', 'box'"

/* KEYS b ball bopen key au, au of it  ARGV 1 life of key  2 has a key  3 prefix of b  4 life of au
 * 5-20 fields  21-25 entry. Returns nothing, or the fields of the broadcast that is there. */
const char redis_lua_broadcast_create[] = LUA_AUDIT
	"local there = redis.call('EXISTS', KEYS[1]) == 1 and KEYS[1]\n"
	"local id = ARGV[2] == '1' and redis.call('GET', KEYS[4])\n"
	"if id and redis.call('EXISTS', ARGV[3] .. id) == 1 then there = ARGV[3] .. id end\n"
	"if there then return redis.call('HMGET', there, " LUA_BROADCAST ") end\n"
	"local names = {" LUA_BROADCAST "}\n"
	"local fields = {}\n"
	"for i, name in ipairs(names) do\n"
	"  fields[2*i-1], fields[2*i] = name, ARGV[i+4]\n"
	"end\n"
	"redis.call('HSET', KEYS[1], unpack(fields))\n"
	"redis.call('ZADD', KEYS[2], ARGV[12], ARGV[5])\n"
	"if ARGV[6] <= '1' then redis.call('ZADD', KEYS[3], ARGV[12], ARGV[5]) end\n"
	"if ARGV[2] == '1' then redis.call('SET', KEYS[4], ARGV[5], 'PX', ARGV[1]) end\n"
	"audit(KEYS[5], KEYS[6], 21, ARGV[4])\n"
	"return {}\n";
_Static_assert(BROADCAST_RUNNING == 0 && BROADCAST_PAUSED == 1 && BROADCAST_CANCELLED == 2 &&
		       BROADCAST_DONE == 3,
	"broadcast states are stored, those up to 1 are open");

/* KEYS b bopen au, au of it  ARGV 1 id  2 revision  3 next revision  4 state  5 why  6 code
 * 7 send  8 round  9 cursor  10 planned  11 planner  12 finished  13 has an entry  14 life of au
 * 15-19 entry. Returns whether it was still that revision. */
const char redis_lua_broadcast_change[] = LUA_AUDIT
	"local b = redis.call('HMGET', KEYS[1], 'rev', 'created')\n"
	"if not b[1] or b[1] ~= ARGV[2] then return 0 end\n"
	"redis.call('HSET', KEYS[1], 'rev', ARGV[3], 'state', ARGV[4], 'why', ARGV[5],\n"
	"  'code', ARGV[6], 'send', ARGV[7], 'round', ARGV[8], 'cursor', ARGV[9],\n"
	"  'planned', ARGV[10], 'planner', ARGV[11], 'finished', ARGV[12])\n"
	"if ARGV[4] <= '1' then redis.call('ZADD', KEYS[2], b[2], ARGV[1])\n"
	"else redis.call('ZREM', KEYS[2], ARGV[1]) end\n"
	"if ARGV[13] == '1' then audit(KEYS[3], KEYS[4], 15, ARGV[14]) end\n"
	"return 1\n";
