/* clang-format off */
/*
 * redis_scripts_rows.c - what the server runs in one step with outbox rows.
 *
 * The decisions are those of rules.c; redis_lua_private.h keeps queues and
 * counts. KEYS[1] is a key of the shard, whose tag leads to all others.
 */
#include "redis_private.h"
#include "redis_lua_private.h"

/* The scripts say these as digits. */
_Static_assert(OUTBOUND_WAITING == 0 && OUTBOUND_CLAIMED == 1 && OUTBOUND_UNSURE == 2 &&
		       OUTBOUND_ACCEPTED == 3 && OUTBOUND_DEAD == 4 && OUTBOUND_PARKED == 5,
	"outbox states are stored");
_Static_assert(OUTBOUND_REPLY == 0 && OUTBOUND_BROADCAST == 1, "kinds are stored");
_Static_assert(OUTBOUND_NO_REASON == 0 && OUTBOUND_FAILED == 1 && OUTBOUND_UNTOLD == 2 &&
		       OUTBOUND_REPLACED == 3 && OUTBOUND_OPTED_OUT == 4 &&
		       OUTBOUND_OUTSIDE_WINDOW == 5 && OUTBOUND_NOT_JOINED == 6 &&
		       OUTBOUND_BLOCKED == 7 && OUTBOUND_NO_VALUE == 8 &&
		       OUTBOUND_TOO_LONG == 9 && OUTBOUND_CANCELLED == 10,
	"reasons are stored");
_Static_assert(STATUS_NONE == 0 && STATUS_CANCELED == 8, "a status is stored as one digit");
_Static_assert(STORE_MAX_ASKED == 6, "the table of ask() has a column for each");

/* Claims one row of the queue: WAITING becomes CLAIMED, what was held or unsure before becomes
 * UNSURE. A row that was evicted or deleted by hand lets the next one go. */
#define LUA_CLAIM                                                                                  \
	"local function claim(queue, member, now, lease, pace)\n"                                  \
	"  local id, contact = string.match(member, '^(.*) (%S+)$')\n"                             \
	"  local o, c = tag .. 'o:' .. id, tag .. 'c:' .. contact\n"                               \
	"  local r = call('HMGET', o, " LUA_ROW ")\n"                                              \
	"  local state = r[9]\n"                                                                   \
	"  if r[4] ~= contact or state > '2' then\n"                                               \
	"    if queue == tag .. 'ob' then pop(contact, id) end\n"                                  \
	"    call('ZREM', queue, member)\n"                                                        \
	"    return nil\n"                                                                         \
	"  end\n"                                                                                  \
	"  local facts = call('HMGET', c, " LUA_FACTS ")\n"                                        \
	"  local to = state == '0' and '1' or '2'\n"                                               \
	"  if state == '0' then\n"                                                                 \
	"    local free = (tonumber(facts[4]) or 0) + pace\n"                                      \
	"    if pace > 0 and facts[4] and free > tonumber(now) then\n"                             \
	"      call('HSET', o, 'due', free)\n"                                                     \
	"      call('ZADD', queue, free, member)\n"                                                \
	"      return nil\n"                                                                       \
	"    end\n"                                                                                \
	"    call('HSET', c, 'out', now)\n"                                                        \
	"    facts[4] = now\n"                                                                     \
	"  end\n"                                                                                  \
	"  local rest = ' ' .. (r[10] or '0') .. ' ' .. (r[12] or '0') .. ' ' .. (r[13] or '0')\n" \
	"  count(r[14] or '', state, state .. rest, to, to .. rest)\n"                             \
	"  r[1], r[2], r[6], r[7], r[8], r[9] =\n"                                                 \
	"    id, r[2] or '1', lease, (r[7] or 0) + 1, now, to\n"                                   \
	"  call('HSET', o, 'state', to, 'due', lease, 'attempts', r[7], 'changed', now)\n"         \
	"  call('ZADD', queue, lease, member)\n"                                                   \
	"  return {r, facts}\n"                                                                    \
	"end\n"

/* KEYS ob  ARGV now lease, then its members. Returns {row, facts} of those claimed. */
const char redis_lua_outbox_claim[] = LUA_ROWS LUA_CLAIM
	"local now, out = tonumber(ARGV[1]), {}\n"
	"for i = 3, #ARGV do\n"
	"  local due = call('ZSCORE', KEYS[1], ARGV[i])\n"
	"  if due and tonumber(due) <= now then\n"
	"    out[#out+1] = claim(KEYS[1], ARGV[i], ARGV[1], ARGV[2], 0)\n"
	"  end\n"
	"end\n"
	"counted()\n"
	"return out\n";

/* KEYS bq  ARGV now lease pace max, and how many to look at. Returns {row, facts} of those
 * claimed. */
const char redis_lua_broadcast_claim[] = LUA_ROWS LUA_CLAIM
	"local out = {}\n"
	"local due = call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[5])\n"
	"for _, member in ipairs(due) do\n"
	"  if #out == tonumber(ARGV[4]) then break end\n"
	"  out[#out+1] = claim(KEYS[1], member, ARGV[1], ARGV[2], tonumber(ARGV[3]))\n"
	"end\n"
	"counted()\n"
	"return out\n";

/* KEYS n  ARGV now, life of x, table of ask(), then for each row 10: id contact attempts state
 * reason due ext status error ladder (for each status now, the one after hearing the status).
 * rule_settle() of rules.c. */
const char redis_lua_settle[] = LUA_ROWS LUA_ROW_READ LUA_ROW_SAVE
	"local function settle(i)\n"
	"  local v, state, was, ext = row_read(ARGV[i], ARGV[i+1])\n"
	"  if not v then return end\n"
	"  local accepted = ARGV[i+3] == '3'\n"
	"  if v.attempts ~= ARGV[i+2] and not accepted then return end\n"
	"  local climbed = climb(ARGV[i+9], v.status)\n"
	"  if climbed == ARGV[i+7] then v.error = ARGV[i+8] end\n"
	"  v.status = climbed\n"
	"  if ARGV[i+6] ~= '' then v.ext = ARGV[i+6] end\n"
	"  local ended = state == '4' or state == '5'\n"
	"  if not (state == '3' or (ended and not accepted) or v.reason == '3') then\n"
	"    v.state, v.reason, v.due = ARGV[i+3], ARGV[i+4], ARGV[i+5]\n"
	"    if v.state == '2' and v.status ~= '0' then v.state = '3' end\n"
	"  end\n"
	"  row_save(v, state, was, ext, ARGV[1], ARGV[2], ARGV[3])\n"
	"end\n"
	"for i = 4, #ARGV, 10 do settle(i) end\n"
	"counted()\n"
	"return 1\n";

/* KEYS o or x  ARGV 1 contact  2 our id  3 ext  4 error  5 now  6 life of x  7 table of ask()
 * 8 ladder. Returns whether the row is known. rule_status() of rules.c. */
const char redis_lua_status[] = LUA_ROWS LUA_ROW_READ LUA_ROW_SAVE
	"local v, state, was, ext\n"
	"if ARGV[2] ~= '' then v, state, was, ext = row_read(ARGV[2], ARGV[1]) end\n"
	"if not v and ARGV[3] ~= '' then\n"
	"  local id = call('GET', tag .. 'x:' .. ARGV[3])\n"
	"  if id then v, state, was, ext = row_read(id, ARGV[1]) end\n"
	"end\n"
	"if not v then return 0 end\n"
	"if ext ~= '' and ARGV[3] ~= '' and ext ~= ARGV[3] then return 1 end\n"
	"local climbed = climb(ARGV[8], v.status)\n"
	"if climbed ~= v.status then v.status, v.error = climbed, ARGV[4] end\n"
	"if ext == '' then v.ext = ARGV[3] end\n"
	"if state == '2' or (state == '4' and v.reason == '2') then\n"
	"  v.state, v.reason = '3', '0'\n"
	"end\n"
	"row_save(v, state, was, ext, ARGV[5], ARGV[6], ARGV[7])\n"
	"counted()\n"
	"return 1\n";

/* KEYS o of the old row  ARGV 1 id  2 contact  3 status  4 error  5 now  6 life of x  7 ladder,
 * then the new row. Returns whether it was done. */
const char redis_lua_replace[] = LUA_ROWS LUA_ROW_READ LUA_ROW_SAVE LUA_ROW_NEW
	"local v, state, was, ext = row_read(ARGV[1], ARGV[2])\n"
	"if not v or v.reason == '3' then return 0 end\n"
	"v.state, v.reason, v.status = '4', '3', climb(ARGV[7], v.status)\n"
	"if v.status == ARGV[3] then v.error = ARGV[4] end\n"
	"row_save(v, state, was, ext, ARGV[5], ARGV[6])\n"
	"row_new(ARGV[2], 8, ARGV[6])\n"
	"counted()\n"
	"return 1\n";

/* KEYS p  ARGV contact now. Returns how many. Rows were parked in the order in which their news
 * came, so they are put into the order in which they were made. */
const char redis_lua_unpark[] = LUA_ROWS LUA_ROW_READ
	"local list = {}\n"
	"for i, id in ipairs(call('LRANGE', KEYS[1], 0, -1)) do\n"
	"  local created = tonumber(call('HGET', tag .. 'o:' .. id, 'created') or 0)\n"
	"  list[i] = {id = id, created = created, i = i}\n"
	"end\n"
	"table.sort(list, function(a, b)\n"
	"  if a.created ~= b.created then return a.created < b.created end\n"
	"  return a.i < b.i\n"
	"end)\n"
	"local n = 0\n"
	"for _, entry in ipairs(list) do\n"
	"  local v, state, was = row_read(entry.id, ARGV[1])\n"
	"  if v and state == '5' then\n"
	"    v.state, v.due = '0', ARGV[2]\n"
	"    call('HSET', tag .. 'o:' .. v.id, 'state', '0', 'due', ARGV[2], 'changed', ARGV[2])\n"
	"    count(v.bc, state, was, v.state, tuple(v))\n"
	"    call('ZREM', tag .. 'pk', v.id .. ' ' .. v.contact)\n"
	"    enter(v, ARGV[2])\n"
	"    n = n + 1\n"
	"  end\n"
	"end\n"
	"call('DEL', KEYS[1])\n"
	"call('HDEL', tag .. 'c:' .. ARGV[1], 'parked')\n"
	"counted()\n"
	"return n\n";

/* KEYS sl  ARGV now, table of ask(), then members. Returns rows; their attempts are how often
 * they were asked for before. */
const char redis_lua_status_claim[] = LUA_ROWS LUA_ROW_READ LUA_ROW_SAVE
	"local now, out = tonumber(ARGV[1]), {}\n"
	"for i = 3, #ARGV do\n"
	"  local due = call('ZSCORE', KEYS[1], ARGV[i])\n"
	"  if due and tonumber(due) <= now then\n"
	"    local id, contact = string.match(ARGV[i], '^(.*) (%S+)$')\n"
	"    local v, state = row_read(id, contact)\n"
	"    if v and state == '3' then\n"
	"      local row = call('HMGET', tag .. 'o:' .. id, " LUA_ROW ")\n"
	"      row[1], row[2], row[7] = id, v.kind, v.asked\n"
	"      out[#out+1] = row\n"
	"      v.asked = call('HINCRBY', tag .. 'o:' .. id, 'asked', 1)\n"
	"      ask(v, now, ARGV[2])\n"
	"    else\n"
	"      call('ZREM', KEYS[1], ARGV[i])\n"
	"    end\n"
	"  end\n"
	"end\n"
	"return out\n";

/* KEYS done n, then o of each id  ARGV before, then the ids: rows finished and unchanged since. */
const char redis_lua_drop_rows[] =
	"local dropped = 0\n"
	"for i = 3, #KEYS do\n"
	"  local since = redis.call('ZSCORE', KEYS[1], ARGV[i-1])\n"
	"  if since and tonumber(since) < tonumber(ARGV[1]) then\n"
	"    local v = redis.call('HMGET', KEYS[i], 'state', 'contact', 'reason')\n"
	"    if v[1] == '4' and (v[3] == '1' or v[3] == '2') then\n"
	"      redis.call('HINCRBY', KEYS[2], 'd', -1)\n"
	"    end\n"
	"    if v[1] == '3' then\n"
	"      local sl = string.gsub(KEYS[1], 'done$', 'sl')\n"
	"      redis.call('ZREM', sl, ARGV[i-1] .. ' ' .. v[2])\n"
	"    end\n"
	"    redis.call('DEL', KEYS[i])\n"
	"    redis.call('ZREM', KEYS[1], ARGV[i-1])\n"
	"    dropped = dropped + 1\n"
	"  end\n"
	"end\n"
	"return dropped\n";

/* KEYS pk  ARGV before now, then members: parked since then, they are DEAD. */
const char redis_lua_drop_parked[] = LUA_ROWS LUA_ROW_READ
	"local dropped = 0\n"
	"for i = 3, #ARGV do\n"
	"  local since = call('ZSCORE', KEYS[1], ARGV[i])\n"
	"  if since and tonumber(since) < tonumber(ARGV[1]) then\n"
	"    local id, contact = string.match(ARGV[i], '^(.*) (%S+)$')\n"
	"    local v, state, was = row_read(id, contact)\n"
	"    if v and state == '5' then\n"
	"      v.state, v.reason = '4', '5'\n"
	"      call('HSET', tag .. 'o:' .. id, 'state', '4', 'reason', '5',\n"
	"        'changed', ARGV[2])\n"
	"      count(v.bc, state, was, v.state, tuple(v))\n"
	"      leave(v, state)\n"
	"      enter(v, ARGV[2])\n"
	"    end\n"
	"    call('ZREM', KEYS[1], ARGV[i])\n"
	"    dropped = dropped + 1\n"
	"  end\n"
	"end\n"
	"counted()\n"
	"return dropped\n";
