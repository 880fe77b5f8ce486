/* clang-format off */
/*
 * redis_scripts.c - what the server runs in one step each.
 *
 * Redis runs a script alone, so each of these is atomic; a refusal (OOM,
 * READONLY) comes at its first write, so it is all or nothing. Every key is
 * passed in KEYS and carries one hash tag. Numbers travel as decimal strings
 * and are compared as such where they may pass 2^53 (the revision). The formatter
 * is off for this file, so that keys and scripts keep their lines.
 *
 * Keys of shard N, all "samvad:{N}:…" (redis_key):
 *   s:<contact>        session: flow ver step shown lang done created updated expires rev call
 *                      wait (1: its call may be taken up) box; ends by time
 *   t:<contact> <ext>  turn: rs rb (reply's state and box) ib (inbound box) at; ends by time
 *   floor              turns from before this moment are gone: the clock that sweeps may be
 *                      ahead of the server's, by which their keys end
 *   c:<contact>        facts: known lang first last consent unfin
 *   l:<contact>        opt-in ledger, a stream: at consent ext box
 *   ix                 ZSET contact -> last activity
 *   calls              ZSET contact -> when its business call may be taken up
 *   o:<id>             outbox row: id kind channel contact created due attempts state ext
 *                      status error box
 *   oq:<contact>       the line: list of "<id> <due>", unfinished rows only, oldest first
 *   ob                 ZSET "<id> <contact>" of each line's head -> when it may be claimed
 *   x:<ext>            outbox id of the provider's message id; ends by time
 *   n                  counts of rows: w waiting or claimed, u unsure, d dead
 *   done               ZSET id of an ACCEPTED or DEAD row -> last change
 *   r:<type> <id>      record: type id contact state created updated box
 *   ri:<type>          ZSET record id -> updated
 *   a:<key>            ZSET member -> when, a sliding window; ends by time
 */
#include "redis_private.h"

/* The scripts say these as digits. */
_Static_assert(REPLY_OPEN == 1 && REPLY_INLINE == 2 && REPLY_LATE == 3, "reply states are stored");
_Static_assert(OUTBOUND_WAITING == 0 && OUTBOUND_CLAIMED == 1 && OUTBOUND_UNSURE == 2 &&
		       OUTBOUND_ACCEPTED == 3 && OUTBOUND_DEAD == 4,
	"outbox states are stored");
_Static_assert(STATUS_NONE == 0 && STATUS_CANCELED == 8, "a status is stored as one digit");
_Static_assert(COMMIT_DONE == 0 && COMMIT_CONFLICT == 1 && COMMIT_SEEN == 2,
	"the commit script returns these");

/* A session as the caller may see it: its revision, "0" when absent or expired. */
#define LUA_SESSION                                                                                \
	"local function revision(s, now)\n"                                                        \
	"  local v = redis.call('HMGET', s, 'rev', 'expires')\n"                                   \
	"  if not v[1] or tonumber(v[2]) <= now then return '0' end\n"                             \
	"  return v[1]\n"                                                                          \
	"end\n"

/*
 * The outbox. `line` holds the keys ob, oq, n, done and the contact.
 * count(): keeps n in step with a row's change of state.
 * push(), pop(): the end of the line, and wherever the row stands in it.
 */
#define LUA_LINE                                                                                   \
	"local bucket = {['0'] = 'w', ['1'] = 'w', ['2'] = 'u', ['4'] = 'd'}\n"                    \
	"local function count(line, from, to)\n"                                                   \
	"  local a, b = from and bucket[from], bucket[to]\n"                                       \
	"  if a == b then return end\n"                                                            \
	"  if a then redis.call('HINCRBY', line.n, a, -1) end\n"                                   \
	"  if b then redis.call('HINCRBY', line.n, b, 1) end\n"                                    \
	"end\n"                                                                                    \
	"local function push(line, id, due)\n"                                                     \
	"  if redis.call('RPUSH', line.oq, id .. ' ' .. due) == 1 then\n"                          \
	"    redis.call('ZADD', line.ob, due, id .. ' ' .. line.contact)\n"                        \
	"  end\n"                                                                                  \
	"end\n"                                                                                    \
	"local function head(line)\n"                                                              \
	"  local entry = redis.call('LINDEX', line.oq, 0)\n"                                       \
	"  if not entry then return nil end\n"                                                     \
	"  return string.match(entry, '^(.*) (%S+)$')\n"                                           \
	"end\n"                                                                                    \
	"local function pop(line, id)\n"                                                           \
	"  if head(line) == id then\n"                                                             \
	"    redis.call('LPOP', line.oq)\n"                                                        \
	"    redis.call('ZREM', line.ob, id .. ' ' .. line.contact)\n"                             \
	"    local after, due = head(line)\n"                                                      \
	"    if after then redis.call('ZADD', line.ob, due, after .. ' ' .. line.contact) end\n"   \
	"    return\n"                                                                             \
	"  end\n"                                                                                  \
	"  for _, entry in ipairs(redis.call('LRANGE', line.oq, 0, -1)) do\n"                      \
	"    if string.match(entry, '^(.*) %S+$') == id then\n"                                    \
	"      redis.call('LREM', line.oq, 1, entry)\n"                                            \
	"      return\n"                                                                           \
	"    end\n"                                                                                \
	"  end\n"                                                                                  \
	"end\n"                                                                                    \
	"local function finished(state) return state == '3' or state == '4' end\n"

/* Stores a new row from ARGV[i] on: id kind channel created due attempts state ext status error
 * box. */
#define LUA_ROW                                                                                    \
	"local function row_new(line, o, x, i, now, keep)\n"                                       \
	"  local id, due, state, ext = ARGV[i], ARGV[i+4], ARGV[i+6], ARGV[i+7]\n"                 \
	"  if redis.call('EXISTS', o) == 1 then return end\n"                                      \
	"  redis.call('HSET', o, 'id', id, 'kind', ARGV[i+1], 'channel', ARGV[i+2],\n"             \
	"    'contact', line.contact, 'created', ARGV[i+3], 'due', due, 'attempts', ARGV[i+5],\n"  \
	"    'state', state, 'ext', ext, 'status', ARGV[i+8], 'error', ARGV[i+9],\n"               \
	"    'box', ARGV[i+10])\n"                                                                 \
	"  if ext ~= '' then redis.call('SET', x, id, 'PX', keep) end\n"                           \
	"  count(line, nil, state)\n"                                                              \
	"  if finished(state) then redis.call('ZADD', line.done, now, id)\n"                       \
	"  else push(line, id, due) end\n"                                                         \
	"end\n"

/*
 * A row whose fields have been merged by settle or status. `was` is its state
 * before, v.state after; x is the key of `ext`. Finished rows are found again by sweep through
 * `done`.
 */
#define LUA_ROW_SAVE                                                                               \
	"local function row_save(line, o, x, ext, was, v, now, keep)\n"                            \
	"  redis.call('HSET', o, 'state', v.state, 'due', v.due, 'ext', v.ext,\n"                  \
	"    'status', v.status, 'error', v.error, 'attempts', v.attempts)\n"                      \
	"  if ext ~= '' and v.ext == ext then redis.call('SET', x, v.id, 'PX', keep) end\n"        \
	"  count(line, was, v.state)\n"                                                            \
	"  if finished(v.state) then\n"                                                            \
	"    redis.call('ZADD', line.done, now, v.id)\n"                                           \
	"    if not finished(was) then pop(line, v.id) end\n"                                      \
	"  elseif head(line) == v.id then\n"                                                       \
	"    redis.call('ZADD', line.ob, v.due, v.id .. ' ' .. line.contact)\n"                    \
	"  end\n"                                                                                  \
	"end\n"                                                                                    \
	"local function row_read(o, contact)\n"                                                    \
	"  local f = redis.call('HMGET', o, 'id', 'contact', 'state', 'due', 'ext', 'status',\n"   \
	"    'error', 'attempts')\n"                                                               \
	"  if not f[1] or f[2] ~= contact then return nil end\n"                                   \
	"  return {id = f[1], state = f[3], due = f[4], ext = f[5], status = f[6],\n"              \
	"    error = f[7], attempts = f[8]}\n"                                                     \
	"end\n"                                                                                    \
	"local function climb(ladder, status)\n"                                                   \
	"  return string.sub(ladder, tonumber(status) + 1, tonumber(status) + 1)\n"                \
	"end\n"

/* KEYS s c [t]. All that one message needs. */
static const char load_script[] =
	"local out = {\n"
	"  redis.call('HMGET', KEYS[1], 'flow', 'ver', 'step', 'shown', 'lang', 'done',\n"
	"    'created', 'updated', 'expires', 'rev', 'call', 'box'),\n"
	"  redis.call('HMGET', KEYS[2], 'known', 'lang', 'first', 'last', 'consent', 'unfin')}\n"
	"if KEYS[3] then out[3] = redis.call('HMGET', KEYS[3], 'rs', 'rb', 'at') end\n"
	"return out\n";

/*
 * KEYS 1 s  2 c  3 ix  4 calls  5 ob  6 oq  7 n  8 done  9 l  10 t  11 t of the answered turn,
 *      then r ri for each record, then o x for each row
 * ARGV 1 now  2 contact  3 revision loaded  4 revision new  5 has a message  6 inbound box
 *      7 reply state  8 reply box  9 turn's life  10 decides an answer  11 answer state
 *      12 answer box  13 session's life  14 call due  15-25 session fields but rev
 *      26-31 facts  32 has consent  33-35 consent ext box  36 records  37 rows  38 row's life,
 *      then 6 for each record (type id state created updated box), 11 for each row
 * Returns {result, became inline}.
 */
static const char commit_script[] = LUA_SESSION LUA_LINE LUA_ROW
	"local now, contact = tonumber(ARGV[1]), ARGV[2]\n"
	"local at = ARGV[5] == '1' and redis.call('HGET', KEYS[10], 'at')\n"
	"if at and tonumber(at) >= now - tonumber(ARGV[9]) then return {2, 0} end\n"
	"if revision(KEYS[1], now) ~= ARGV[3] then return {1, 0} end\n"
	"local rows, inline = true, 0\n"
	"if ARGV[10] == '1' and redis.call('HGET', KEYS[11], 'rs') == '1' then\n"
	"  redis.call('HSET', KEYS[11], 'rs', ARGV[11], 'rb', ARGV[12])\n"
	"  rows = ARGV[11] == '3'\n"
	"  inline = ARGV[11] == '2' and 1 or 0\n"
	"end\n"
	"if ARGV[5] == '1' then\n"
	"  redis.call('HSET', KEYS[10], 'rs', ARGV[7], 'rb', ARGV[8], 'ib', ARGV[6],\n"
	"    'at', ARGV[1])\n"
	"  redis.call('PEXPIRE', KEYS[10], ARGV[9])\n"
	"end\n"
	"redis.call('HSET', KEYS[1], 'rev', ARGV[4], 'flow', ARGV[15], 'ver', ARGV[16],\n"
	"  'step', ARGV[17], 'shown', ARGV[18], 'lang', ARGV[19], 'done', ARGV[20],\n"
	"  'created', ARGV[21], 'updated', ARGV[22], 'expires', ARGV[23], 'call', ARGV[24],\n"
	"  'wait', ARGV[14] ~= '0' and '1' or '0', 'box', ARGV[25])\n"
	"redis.call('PEXPIRE', KEYS[1], ARGV[13])\n" /* a life of 0 or less deletes it */
	"redis.call('ZADD', KEYS[3], ARGV[22], contact)\n"
	"if ARGV[14] ~= '0' then redis.call('ZADD', KEYS[4], ARGV[14], contact)\n"
	"else redis.call('ZREM', KEYS[4], contact) end\n"
	"redis.call('HSET', KEYS[2], 'known', ARGV[26], 'lang', ARGV[27], 'first', ARGV[28],\n"
	"  'last', ARGV[29], 'consent', ARGV[30], 'unfin', ARGV[31])\n"
	"if ARGV[32] == '1' then\n"
	"  redis.call('XADD', KEYS[9], '*', 'at', ARGV[1], 'consent', ARGV[33], 'ext', ARGV[34],\n"
	"    'box', ARGV[35])\n"
	"end\n"
	"local k, i = 12, 39\n"
	"for _ = 1, tonumber(ARGV[36]) do\n"
	"  local created = redis.call('HGET', KEYS[k], 'created') or ARGV[i+3]\n"
	"  redis.call('HSET', KEYS[k], 'type', ARGV[i], 'id', ARGV[i+1], 'contact', contact,\n"
	"    'state', ARGV[i+2], 'created', created, 'updated', ARGV[i+4], 'box', ARGV[i+5])\n"
	"  redis.call('ZADD', KEYS[k+1], ARGV[i+4], ARGV[i+1])\n"
	"  k, i = k + 2, i + 6\n"
	"end\n"
	"if not rows then return {0, inline} end\n"
	"local line = {ob = KEYS[5], oq = KEYS[6], n = KEYS[7], done = KEYS[8],\n"
	"  contact = contact}\n"
	"for _ = 1, tonumber(ARGV[37]) do\n"
	"  row_new(line, KEYS[k], KEYS[k+1], i, ARGV[1], ARGV[38])\n"
	"  k, i = k + 2, i + 11\n"
	"end\n"
	"return {0, inline}\n";

/* The state of a turn's reply, or nil. */
#define LUA_REPLY                                                                                  \
	"local function reply_state(t, floor)\n"                                                   \
	"  local v = redis.call('HMGET', t, 'rs', 'at')\n"                                         \
	"  if not v[1] or tonumber(v[2]) < tonumber(redis.call('GET', floor) or 0) then\n"         \
	"    return nil\n"                                                                         \
	"  end\n"                                                                                  \
	"  return v[1]\n"                                                                          \
	"end\n"

/* KEYS t floor  ARGV box. Returns {state, box} as they are afterwards. */
static const char decide_script[] = LUA_REPLY
	"local rs = reply_state(KEYS[1], KEYS[2])\n"
	"if not rs then return {} end\n"
	"if rs == '1' then redis.call('HSET', KEYS[1], 'rs', '3', 'rb', ARGV[1]) end\n"
	"return redis.call('HMGET', KEYS[1], 'rs', 'rb')\n";

/* KEYS t floor ob oq n done, then o x for each row  ARGV 1 notice box  2 contact  3 row's life  4
 * rows, then 11 for each. Returns whether anything was done. */
static const char divert_script[] = LUA_REPLY LUA_LINE LUA_ROW
	"local rs = reply_state(KEYS[1], KEYS[2])\n"
	"if rs ~= '1' and rs ~= '2' then return 0 end\n"
	"redis.call('HSET', KEYS[1], 'rs', '3', 'rb', ARGV[1])\n"
	"if rs == '1' then return 1 end\n"
	"local line = {ob = KEYS[3], oq = KEYS[4], n = KEYS[5], done = KEYS[6],\n"
	"  contact = ARGV[2]}\n"
	"local k, i = 7, 5\n"
	"for _ = 1, tonumber(ARGV[4]) do\n"
	"  row_new(line, KEYS[k], KEYS[k+1], i, ARGV[i+3], ARGV[3])\n"
	"  k, i = k + 2, i + 11\n"
	"end\n"
	"return 1\n";

/* KEYS calls, then s of each contact  ARGV now lease, then the contacts. Returns those leased. */
static const char calls_claim_script[] = LUA_SESSION
	"local now, out = tonumber(ARGV[1]), {}\n"
	"for i = 2, #KEYS do\n"
	"  local contact = ARGV[i+1]\n"
	"  local due = redis.call('ZSCORE', KEYS[1], contact)\n"
	"  if due and tonumber(due) <= now then\n"
	"    if revision(KEYS[i], now) ~= '0' then\n"
	"      redis.call('ZADD', KEYS[1], ARGV[2], contact)\n"
	"      out[#out+1] = contact\n"
	"    else\n"
	"      redis.call('ZREM', KEYS[1], contact)\n"
	"    end\n"
	"  end\n"
	"end\n"
	"return out\n";

/* KEYS s calls  ARGV contact call lease. */
static const char call_renew_script[] =
	"if redis.call('HGET', KEYS[1], 'call') ~= ARGV[2] then return 0 end\n"
	"if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end\n"
	"redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])\n"
	"return 1\n";

/* KEYS a  ARGV member limit window now. */
static const char allow_script[] =
	"redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(ARGV[4]) - tonumber(ARGV[3]))\n"
	"if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 1 end\n"
	"if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end\n"
	"redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])\n"
	"redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
	"return 1\n";

/* KEYS ob n, then o and oq of each member  ARGV now lease, then the members of ob, each
 * followed by its contact and id. Returns the claimed rows. WAITING becomes CLAIMED, what was
 * held or unsure before becomes UNSURE. */
static const char outbox_claim_script[] = LUA_LINE
	"local now, out = tonumber(ARGV[1]), {}\n"
	"local i = 3\n"
	"for k = 3, #KEYS, 2 do\n"
	"  local line = {ob = KEYS[1], oq = KEYS[k+1], n = KEYS[2], contact = ARGV[i+1]}\n"
	"  local member, id = ARGV[i], ARGV[i+2]\n"
	"  local due = redis.call('ZSCORE', KEYS[1], member)\n"
	"  local state = redis.call('HGET', KEYS[k], 'state')\n"
	"  if due and not state then\n" /* evicted or deleted by hand: let the next one go */
	"    pop(line, id)\n"
	"    redis.call('ZREM', KEYS[1], member)\n"
	"  elseif due and tonumber(due) <= now then\n"
	"    local to = state == '0' and '1' or '2'\n"
	"    redis.call('HSET', KEYS[k], 'state', to, 'due', ARGV[2])\n"
	"    redis.call('HINCRBY', KEYS[k], 'attempts', 1)\n"
	"    redis.call('ZADD', KEYS[1], ARGV[2], member)\n"
	"    count(line, state, to)\n"
	"    out[#out+1] = redis.call('HMGET', KEYS[k], 'id', 'kind', 'channel', 'contact',\n"
	"      'created', 'due', 'attempts', 'state', 'ext', 'status', 'error', 'box')\n"
	"  end\n"
	"  i = i + 3\n"
	"end\n"
	"return out\n";

/* KEYS o ob oq n done x  ARGV 1 contact  2 state  3 due  4 ext  5 status  6 error  7 attempts
 * 8 now  9 life  10 ladder: for each status now, the one after hearing ARGV[5].
 * Returns 1, or 0 when there is no such row. The rules are rule_settle() of rules.c. */
static const char settle_script[] = LUA_LINE LUA_ROW_SAVE
	"local v = row_read(KEYS[1], ARGV[1])\n"
	"if not v then return 0 end\n"
	"local line = {ob = KEYS[2], oq = KEYS[3], n = KEYS[4], done = KEYS[5],\n"
	"  contact = ARGV[1]}\n"
	"local was, climbed = v.state, climb(ARGV[10], v.status)\n"
	"if climbed == ARGV[5] then v.error = ARGV[6] end\n"
	"v.status = climbed\n"
	"if ARGV[4] ~= '' then v.ext = ARGV[4] end\n"
	"if not (was == '3' or (was == '4' and ARGV[2] ~= '3')) then\n"
	"  v.state, v.due, v.attempts = ARGV[2], ARGV[3], ARGV[7]\n"
	"  if v.state == '2' and v.status ~= '0' then v.state = '3' end\n"
	"end\n"
	"row_save(line, KEYS[1], KEYS[6], ARGV[4], was, v, ARGV[8], ARGV[9])\n"
	"return 1\n";

/* KEYS as settle  ARGV 1 contact  2 ext  3 error  4 now  5 life  6 ladder. rule_status() of
 * rules.c. */
static const char status_script[] = LUA_LINE LUA_ROW_SAVE
	"local v = row_read(KEYS[1], ARGV[1])\n"
	"if not v then return 0 end\n"
	"local line = {ob = KEYS[2], oq = KEYS[3], n = KEYS[4], done = KEYS[5],\n"
	"  contact = ARGV[1]}\n"
	"local was, climbed = v.state, climb(ARGV[6], v.status)\n"
	"if climbed ~= v.status then v.status, v.error = climbed, ARGV[3] end\n"
	"if v.ext == '' then v.ext = ARGV[2] end\n"
	"if was == '2' then v.state = '3' end\n"
	"row_save(line, KEYS[1], KEYS[6], ARGV[2], was, v, ARGV[4], ARGV[5])\n"
	"return 1\n";

/* KEYS ix calls, then s of each contact  ARGV now, then the contacts. Drops those that have no
 * session any more. Returns how many. */
static const char drop_sessions_script[] = LUA_SESSION
	"local now, dropped = tonumber(ARGV[1]), 0\n"
	"for i = 3, #KEYS do\n"
	"  if revision(KEYS[i], now) == '0' then\n"
	"    redis.call('DEL', KEYS[i])\n"
	"    redis.call('ZREM', KEYS[2], ARGV[i-1])\n"
	"    dropped = dropped + redis.call('ZREM', KEYS[1], ARGV[i-1])\n"
	"  end\n"
	"end\n"
	"return dropped\n";

/* KEYS done n, then o of each id  ARGV before, then the ids: rows finished and unchanged since. */
static const char drop_rows_script[] =
	"local dropped = 0\n"
	"for i = 3, #KEYS do\n"
	"  local since = redis.call('ZSCORE', KEYS[1], ARGV[i-1])\n"
	"  if since and tonumber(since) < tonumber(ARGV[1]) then\n"
	"    if redis.call('HGET', KEYS[i], 'state') == '4' then\n"
	"      redis.call('HINCRBY', KEYS[2], 'd', -1)\n"
	"    end\n"
	"    redis.call('DEL', KEYS[i])\n"
	"    redis.call('ZREM', KEYS[1], ARGV[i-1])\n"
	"    dropped = dropped + 1\n"
	"  end\n"
	"end\n"
	"return dropped\n";

const char *const redis_script_texts[REDIS_SCRIPTS] = {
	[REDIS_SCRIPT_LOAD] = load_script,
	[REDIS_SCRIPT_COMMIT] = commit_script,
	[REDIS_SCRIPT_DECIDE] = decide_script,
	[REDIS_SCRIPT_DIVERT] = divert_script,
	[REDIS_SCRIPT_CALLS_CLAIM] = calls_claim_script,
	[REDIS_SCRIPT_CALL_RENEW] = call_renew_script,
	[REDIS_SCRIPT_ALLOW] = allow_script,
	[REDIS_SCRIPT_OUTBOX_CLAIM] = outbox_claim_script,
	[REDIS_SCRIPT_SETTLE] = settle_script,
	[REDIS_SCRIPT_STATUS] = status_script,
	[REDIS_SCRIPT_DROP_SESSIONS] = drop_sessions_script,
	[REDIS_SCRIPT_DROP_ROWS] = drop_rows_script,
};
