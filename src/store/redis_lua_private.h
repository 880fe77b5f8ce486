/* clang-format off */
/*
 * redis_lua_private.h - Lua that several scripts begin with, and the scripts by name.
 *
 * Scripts are put together by the compiler: a script is one of these beginnings
 * and its own text. The keys are listed in redis_scripts.c. The formatter is off
 * here, so that scripts keep their lines.
 */
#ifndef SAMVAD_STORE_REDIS_LUA_PRIVATE_H
#define SAMVAD_STORE_REDIS_LUA_PRIVATE_H

/* A session as the caller may see it: its revision, "0" when absent or expired; then its updated
 * and wait. (A number as an argument of redis.call is printed at length first: hence '79'.) */
#define LUA_SESSION                                                                                \
	"local function session(s, now)\n"                                                         \
	"  local rev, expires, updated, wait = string.match(redis.call('GETRANGE', s, '0', '79'),\n" \
	"    '^(%d+) (%d+) (%d+) (%d)')\n"                                                         \
	"  if not rev or tonumber(expires) <= now then return '0' end\n"                           \
	"  return rev, updated, wait\n"                                                            \
	"end\n"

/* A turn's parts; nil when there is none, or none since `floor`. */
#define LUA_TURN                                                                                   \
	"local function turn_read(t, floor)\n"                                                     \
	"  local v = redis.call('GET', t)\n"                                                       \
	"  if not v then return nil end\n"                                                         \
	"  local rs, at, n, from = string.match(v, '^(%d) (%d+) (%d+) ()')\n"                      \
	"  if floor and tonumber(at) < floor then return nil end\n"                                \
	"  return rs, at, string.sub(v, from, from + n - 1), string.sub(v, from + n)\n"            \
	"end\n"                                                                                    \
	"local function turn_write(t, rs, at, box, rest)\n"                                        \
	"  redis.call('SET', t, rs .. ' ' .. at .. ' ' .. #box .. ' ' .. box .. rest, 'KEEPTTL')\n" \
	"end\n"
#define LUA_FLOOR                                                                                  \
	"local function floor(key) return tonumber(redis.call('GET', key) or 0) end\n"

/*
 * Outbox rows. What a row itself says (its contact, broadcast, external id) names
 * further keys of the same slot: they begin with the tag of KEYS[1].
 * count(): keeps n and the counts of the broadcast in step with a row that was (s1, t1) and
 * is (s2, t2): its state, and the tuple by which its broadcast counts it; of DEAD rows n holds
 * those that failed or that nobody can tell of. counted() ends every
 * script that counts: each number is written once.
 * push(), pop(): the end of the line, and wherever the row stands in it.
 * leave(), enter(): the queue, line or list in which rows of a state stand.
 * A state is one digit; up to '2' a row may be claimed.
 */
#define LUA_ROWS                                                                                   \
	"local call = redis.call\n"                                                                \
	"local tag = string.match(KEYS[1], '^[^}]*}:')\n"                                          \
	"local buckets = {['0'] = 'w', ['1'] = 'w', ['2'] = 'u', ['5'] = 'p'}\n"                   \
	"local function bucket(s, t)\n"                                                            \
	"  if s == '4' then return string.find(t, '^4 [12] ') and 'd' end\n"                       \
	"  return s and buckets[s]\n"                                                              \
	"end\n"                                                                                    \
	"local function tuple(v)\n"                                                                \
	"  return v.state .. ' ' .. v.reason .. ' ' .. v.status .. ' ' .. v.error\n"               \
	"end\n"                                                                                    \
	"local deltas = {}\n"                                                                      \
	"local function delta(key, field, n)\n"                                                    \
	"  local d = deltas[key] or {}\n"                                                          \
	"  deltas[key], d[field] = d, (d[field] or 0) + n\n"                                       \
	"end\n"                                                                                    \
	"local function count(bc, s1, t1, s2, t2)\n"                                               \
	"  local a, b = bucket(s1, t1), bucket(s2, t2)\n"                                            \
	"  if a then delta(tag .. 'n', a, -1) end\n"                                               \
	"  if b then delta(tag .. 'n', b, 1) end\n"                                                \
	"  if bc == '' then return end\n"                                                          \
	"  if t1 then delta(tag .. 'bn:' .. bc, t1, -1) end\n"                                     \
	"  if t2 then delta(tag .. 'bn:' .. bc, t2, 1) end\n"                                      \
	"end\n"                                                                                    \
	"local function counted()\n"                                                               \
	"  for key, fields in pairs(deltas) do\n"                                                  \
	"    for field, n in pairs(fields) do\n"                                                   \
	"      if n ~= 0 and call('HINCRBY', key, field, n) <= 0 then\n"                           \
	"        call('HDEL', key, field)\n"                                                       \
	"      end\n"                                                                              \
	"    end\n"                                                                                \
	"  end\n"                                                                                  \
	"end\n"                                                                                    \
	"local function push(contact, id, due)\n"                                                  \
	"  if call('RPUSH', tag .. 'oq:' .. contact, id .. ' ' .. due) == 1 then\n"                \
	"    call('ZADD', tag .. 'ob', due, id .. ' ' .. contact)\n"                               \
	"  end\n"                                                                                  \
	"end\n"                                                                                    \
	"local function head(contact)\n"                                                           \
	"  local entry = call('LINDEX', tag .. 'oq:' .. contact, 0)\n"                             \
	"  if not entry then return nil end\n"                                                     \
	"  return string.match(entry, '^(.*) (%S+)$')\n"                                           \
	"end\n"                                                                                    \
	"local function pop(contact, id)\n"                                                        \
	"  local oq, ob = tag .. 'oq:' .. contact, tag .. 'ob'\n"                                  \
	"  if head(contact) == id then\n"                                                          \
	"    call('LPOP', oq)\n"                                                                   \
	"    call('ZREM', ob, id .. ' ' .. contact)\n"                                             \
	"    local after, due = head(contact)\n"                                                   \
	"    if after then call('ZADD', ob, due, after .. ' ' .. contact) end\n"                   \
	"    return\n"                                                                             \
	"  end\n"                                                                                  \
	"  for _, entry in ipairs(call('LRANGE', oq, 0, -1)) do\n"                                 \
	"    if string.match(entry, '^(.*) %S+$') == id then\n"                                    \
	"      call('LREM', oq, 1, entry)\n"                                                       \
	"      return\n"                                                                           \
	"    end\n"                                                                                \
	"  end\n"                                                                                  \
	"end\n"                                                                                    \
	"local function leave(v, state)\n"                                                         \
	"  local member = v.id .. ' ' .. v.contact\n"                                              \
	"  if state <= '2' then\n"                                                                 \
	"    if v.kind == '1' then call('ZREM', tag .. 'bq:' .. v.bc, member)\n"                   \
	"    else pop(v.contact, v.id) end\n"                                                      \
	"  elseif state == '3' then\n"                                                             \
	"    call('ZREM', tag .. 'sl', member)\n"                                                  \
	"  elseif state == '5' then\n"                                                             \
	"    call('ZREM', tag .. 'pk', member)\n"                                                  \
	"    call('LREM', tag .. 'p:' .. v.contact, 1, v.id)\n"                                    \
	"    if call('HINCRBY', tag .. 'c:' .. v.contact, 'parked', -1) <= 0 then\n"               \
	"      call('HDEL', tag .. 'c:' .. v.contact, 'parked')\n"                                 \
	"    end\n"                                                                                \
	"  end\n"                                                                                  \
	"end\n"                                                                                    \
	"local function enter(v, now)\n"                                                           \
	"  local member = v.id .. ' ' .. v.contact\n"                                              \
	"  if v.state <= '2' then\n"                                                               \
	"    if v.kind == '1' then call('ZADD', tag .. 'bq:' .. v.bc, v.due, member)\n"            \
	"    else push(v.contact, v.id, v.due) end\n"                                              \
	"  elseif v.state == '5' then\n"                                                           \
	"    call('ZADD', tag .. 'pk', now, member)\n"                                             \
	"    call('RPUSH', tag .. 'p:' .. v.contact, v.id)\n"                                      \
	"    call('HINCRBY', tag .. 'c:' .. v.contact, 'parked', 1)\n"                             \
	"  elseif v.bc == '' then\n" /* a broadcast's go with the broadcast */                     \
	"    call('ZADD', tag .. 'done', now, v.id)\n"                                             \
	"  end\n"                                                                                  \
	"end\n"

/* Stores a new row of the contact from ARGV[i] on, as redis_arg_row: id kind channel created due
 * attempts state reason ext status error bc box. */
#define LUA_ROW_NEW                                                                                \
	"local function row_new(contact, i, keep)\n"                                               \
	"  local v = {id = ARGV[i], contact = contact, kind = ARGV[i+1], due = ARGV[i+4],\n"       \
	"    state = ARGV[i+6], reason = ARGV[i+7], ext = ARGV[i+8], status = ARGV[i+9],\n"        \
	"    error = ARGV[i+10], bc = ARGV[i+11]}\n"                                               \
	"  local o = tag .. 'o:' .. v.id\n"                                                        \
	"  if call('EXISTS', o) == 1 then return end\n"                                            \
	"  call('HSET', o, 'kind', v.kind, 'channel', ARGV[i+2],\n"                    \
	"    'contact', contact, 'created', ARGV[i+3], 'due', v.due, 'attempts', ARGV[i+5],\n"     \
	"    'changed', ARGV[i+3], 'state', v.state, 'reason', v.reason, 'ext', v.ext,\n"          \
	"    'status', v.status, 'error', v.error, 'bc', v.bc, 'box', ARGV[i+12])\n"               \
	"  if v.bc ~= '' then call('RPUSH', tag .. 'br:' .. v.bc, v.id) end\n"                   \
	"  if v.ext ~= '' then call('SET', tag .. 'x:' .. v.ext, v.id, 'PX', keep) end\n"          \
	"  count(v.bc, nil, nil, v.state, tuple(v))\n"                                             \
	"  enter(v, ARGV[i+3])\n"                                                                  \
	"end\n"

/* The fields that decide; nil when there is no such row of this contact. Recipients are stored
 * without what is empty, and without their kind. */
#define LUA_ROW_READ                                                                               \
	"local function row_read(id, contact)\n"                                                   \
	"  local f = call('HMGET', tag .. 'o:' .. id, 'contact', 'kind', 'state', 'due', 'ext',\n" \
	"    'status', 'error', 'attempts', 'reason', 'asked', 'bc')\n"                            \
	"  if not f[1] or (contact and f[1] ~= contact) then return nil end\n"                     \
	"  local v = {id = id, contact = f[1], kind = f[2] or '1', state = f[3], due = f[4],\n"    \
	"    ext = f[5] or '', status = f[6] or '0', error = f[7] or '0',\n"                       \
	"    attempts = f[8] or '0', reason = f[9] or '0', asked = f[10] or '0',\n"                \
	"    bc = f[11] or ''}\n"                                                                  \
	"  return v, v.state, tuple(v), v.ext\n"                                                   \
	"end\n"

/*
 * A row whose fields have been merged; the state, tuple and external id are those before. ask():
 * when to ask the provider about it, by the table of redis_ask_table() (9 digits for
 * each status and number of times asked). climb(): by the table of arg_ladder() in redis_rows.c.
 */
#define LUA_ROW_SAVE                                                                               \
	"local function climb(ladder, status)\n"                                                   \
	"  return string.sub(ladder, status + 1, status + 1)\n"                                    \
	"end\n"                                                                                    \
	"local function ask(v, now, times)\n"                                                      \
	"  local at = (v.status * 7 + math.min(v.asked, 6)) * 9\n"                                 \
	"  local after = tonumber(string.sub(times, at + 1, at + 9))\n"                            \
	"  local member = v.id .. ' ' .. v.contact\n"                                              \
	"  if after > 0 then call('ZADD', tag .. 'sl', now + after, member)\n"                     \
	"  else call('ZREM', tag .. 'sl', member) end\n"                                           \
	"end\n"                                                                                    \
	"local function row_save(v, state, was, ext, now, keep, times)\n"                          \
	"  call('HSET', tag .. 'o:' .. v.id, 'state', v.state, 'reason', v.reason,\n"              \
	"    'due', v.due, 'changed', now, 'ext', v.ext, 'status', v.status,\n"                    \
	"    'error', v.error)\n"                                                                  \
	"  if v.ext ~= ext then call('SET', tag .. 'x:' .. v.ext, v.id, 'PX', keep) end\n"         \
	"  count(v.bc, state, was, v.state, tuple(v))\n"                                           \
	"  if v.state <= '2' and state <= '2' then\n"                                              \
	"    local member = v.id .. ' ' .. v.contact\n"                                            \
	"    if v.kind == '1' then call('ZADD', tag .. 'bq:' .. v.bc, v.due, member)\n"            \
	"    elseif head(v.contact) == v.id then call('ZADD', tag .. 'ob', v.due, member) end\n"   \
	"  elseif v.state ~= state then\n"                                                         \
	"    leave(v, state)\n"                                                                    \
	"    enter(v, now)\n"                                                                      \
	"  elseif v.bc == '' and v.state ~= '5' then\n"                                            \
	"    call('ZADD', tag .. 'done', now, v.id)\n"                                             \
	"  end\n"                                                                                  \
	"  if v.state == '3' then ask(v, now, times) end\n"                                        \
	"end\n"

/* What claims hand out, in the order of redis_read_row() and redis_read_facts(). */
#define LUA_ROW                                                                                    \
	"'id', 'kind', 'channel', 'contact', 'created', 'due', 'attempts', 'changed',\n"           \
	"    'state', 'reason', 'ext', 'status', 'error', 'bc', 'box'"
#define LUA_FACTS                                                                                  \
	"'met', 'consent', 'since', 'out', 'trouble', 'heard', 'parked'"

/* Scripts of redis_scripts_rows.c, redis_scripts_broadcast.c and redis_scripts_house.c. */
extern const char redis_lua_outbox_claim[];
extern const char redis_lua_broadcast_claim[];
extern const char redis_lua_settle[];
extern const char redis_lua_status[];
extern const char redis_lua_replace[];
extern const char redis_lua_unpark[];
extern const char redis_lua_status_claim[];
extern const char redis_lua_recipients_add[];
extern const char redis_lua_drop_recipients[];
extern const char redis_lua_broadcast_create[];
extern const char redis_lua_broadcast_change[];
extern const char redis_lua_consent_add[];
extern const char redis_lua_rate_take[];
extern const char redis_lua_rate_slow[];
extern const char redis_lua_audit_add[];
extern const char redis_lua_record_change[];
extern const char redis_lua_allow[];
extern const char redis_lua_drop_sessions[];
extern const char redis_lua_drop_rows[];
extern const char redis_lua_drop_parked[];

#endif
