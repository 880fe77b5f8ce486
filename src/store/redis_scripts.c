/* clang-format off */
/*
 * redis_scripts.c - the keys, and what the server runs in one step for a turn.
 *
 * Redis runs a script alone, so each is atomic; a refusal (OOM, READONLY) comes
 * at its first write, so it is all or nothing. All keys of a script carry one
 * hash tag: those that the caller knows are passed in KEYS, those that only a
 * row can tell (its broadcast, its external id) are made from the tag of
 * KEYS[1]. Numbers travel as decimal strings and are compared as such where they may
 * pass 2^53 (the revision). The formatter is off for files of scripts, so that keys and
 * scripts keep their lines.
 *
 * Keys of shard N, all "samvad:{N}:…" (redis_key):
 *   s:<contact>        session: flow ver step shown lang done created updated expires rev call
 *                      wait (1: its call may be taken up) box; ends by time
 *   t:<contact> <ext>  turn: rs rb (reply's state and box) ib (inbound box) at; ends by time
 *   floor              turns from before this moment are gone: the clock that sweeps may be
 *                      ahead of the server's, by which their keys end
 *   c:<contact>        facts: known lang first last consent unfin since (of the consent) out
 *                      trouble heard (of the trouble) parked
 *   l:<contact>        opt-in ledger, a stream: at consent ext box
 *   ix                 ZSET contact -> last activity
 *   calls              ZSET contact -> when its business call may be taken up
 *   o:<id>             outbox row: kind channel contact created due attempts changed state
 *                      reason ext status error bc (its broadcast) asked (for its status) box
 *   oq:<contact>       the line: list of "<id> <due>", unfinished rows only, oldest first
 *   ob                 ZSET "<id> <contact>" of each line's head -> when it may be claimed
 *   bq:<broadcast>     ZSET "<id> <contact>" of its unfinished rows -> when they may be claimed
 *   br:<broadcast>     list of the ids of all its rows; grows only
 *   bn:<broadcast>     counts of its rows: "<state> <reason> <status> <error>"
 *   p:<contact>        list of the ids of its PARKED rows
 *   pk                 ZSET "<id> <contact>" of PARKED rows -> since when
 *   sl                 ZSET "<id> <contact>" of ACCEPTED rows -> when to ask for their status
 *   x:<ext>            outbox id of the provider's message id; ends by time
 *   n                  counts of rows: w waiting or claimed, u unsure, d dead, p parked
 *   done               ZSET id of an ACCEPTED or DEAD row of no broadcast -> last change
 *   r:<type> <id>      record: type id contact state created updated box
 *   rl:<type>          ZSET "<created, 15 digits> <id>" of records, in their order
 *   a:<key>            ZSET member -> when, a sliding window; ends by time
 *   rt:<sender>        rate: all spare slow (microseconds) div; ends by time
 * In the shard of the word "broadcast":
 *   b:<id>             broadcast: see redis_broadcast.c
 *   ball bopen         ZSET id -> created: all, and those that are neither DONE nor CANCELLED
 *   key:<digest>       id of the broadcast made with this request key; ends by time
 *   au au:<object>     streams of audit entries: at action object detail request
 */
#include "redis_private.h"
#include "redis_lua_private.h"

/* The scripts say these as digits. */
_Static_assert(REPLY_OPEN == 1 && REPLY_INLINE == 2 && REPLY_LATE == 3, "reply states are stored");
_Static_assert(COMMIT_DONE == 0 && COMMIT_CONFLICT == 1 && COMMIT_SEEN == 2,
	"the commit script returns these");

/* KEYS s c [t]. All that one message needs. */
static const char load_script[] =
	"local out = {\n"
	"  redis.call('HMGET', KEYS[1], 'flow', 'ver', 'step', 'shown', 'lang', 'done',\n"
	"    'created', 'updated', 'expires', 'rev', 'call', 'box'),\n"
	"  redis.call('HMGET', KEYS[2], " LUA_FACTS ")}\n"
	"if KEYS[3] then out[3] = redis.call('HMGET', KEYS[3], 'rs', 'rb', 'at') end\n"
	"return out\n";

/*
 * KEYS 1 s  2 c  3 ix  4 calls  5 l  6 t  7 t of the answered turn, then r rl for each record
 * ARGV 1 now  2 contact  3 revision loaded  4 revision new  5 has a message  6 inbound box
 *      7 reply state  8 reply box  9 turn's life  10 decides an answer  11 answer state
 *      12 answer box  13 session's life  14 call due  15-25 session fields but rev
 *      26-30 facts  31 has consent  32-34 consent ext box  35 records  36 rows  37 life of x
 *      38 decided on what was held  39-40 held: updated consent, as rule_held() of rules.c,
 *      then 6 for each record (type id state created updated box), 13 for each row
 * Returns {result, became inline}.
 */
static const char commit_script[] = LUA_SESSION
	"local now, contact = tonumber(ARGV[1]), ARGV[2]\n"
	"local at = ARGV[5] == '1' and redis.call('HGET', KEYS[6], 'at')\n"
	"if at and tonumber(at) >= now - tonumber(ARGV[9]) then return {2, 0} end\n"
	"if revision(KEYS[1], now) ~= ARGV[3] then return {1, 0} end\n"
	"if ARGV[38] == '1' then\n"
	"  local c = redis.call('HMGET', KEYS[2], 'consent', 'parked')\n"
	"  if redis.call('HGET', KEYS[1], 'updated') ~= ARGV[39] or (c[1] or '0') ~= ARGV[40]\n"
	"    or (c[2] or '0') ~= '0' then return {1, 0} end\n"
	"end\n"
	"local rows, inline = true, 0\n"
	"if ARGV[10] == '1' and redis.call('HGET', KEYS[7], 'rs') == '1' then\n"
	"  redis.call('HSET', KEYS[7], 'rs', ARGV[11], 'rb', ARGV[12])\n"
	"  rows = ARGV[11] == '3'\n"
	"  inline = ARGV[11] == '2' and 1 or 0\n"
	"end\n"
	"if ARGV[5] == '1' then\n"
	"  redis.call('HSET', KEYS[6], 'rs', ARGV[7], 'rb', ARGV[8], 'ib', ARGV[6],\n"
	"    'at', ARGV[1])\n"
	"  redis.call('PEXPIRE', KEYS[6], ARGV[9])\n"
	"end\n"
	"redis.call('HSET', KEYS[1], 'rev', ARGV[4], 'flow', ARGV[15], 'ver', ARGV[16],\n"
	"  'step', ARGV[17], 'shown', ARGV[18], 'lang', ARGV[19], 'done', ARGV[20],\n"
	"  'created', ARGV[21], 'updated', ARGV[22], 'expires', ARGV[23], 'call', ARGV[24],\n"
	"  'wait', ARGV[14] ~= '0' and ARGV[24] ~= '' and '1' or '0', 'box', ARGV[25])\n"
	"redis.call('PEXPIRE', KEYS[1], ARGV[13])\n" /* a life of 0 or less deletes it */
	"redis.call('ZADD', KEYS[3], ARGV[22], contact)\n"
	"if ARGV[14] ~= '0' then redis.call('ZADD', KEYS[4], ARGV[14], contact)\n"
	"else redis.call('ZREM', KEYS[4], contact) end\n"
	"redis.call('HSET', KEYS[2], 'known', ARGV[26], 'lang', ARGV[27], 'first', ARGV[28],\n"
	"  'last', ARGV[29], 'unfin', ARGV[30])\n"
	"if ARGV[31] == '1' then\n"
	"  if redis.call('HGET', KEYS[2], 'consent') ~= ARGV[32] then\n"
	"    redis.call('HSET', KEYS[2], 'consent', ARGV[32], 'since', ARGV[1])\n"
	"  end\n"
	"  redis.call('XADD', KEYS[5], '*', 'at', ARGV[1], 'consent', ARGV[32], 'ext', ARGV[33],\n"
	"    'box', ARGV[34])\n"
	"end\n"
	"local k, i = 8, 41\n"
	"for _ = 1, tonumber(ARGV[35]) do\n"
	"  local created = redis.call('HGET', KEYS[k], 'created') or ARGV[i+3]\n"
	"  redis.call('HSET', KEYS[k], 'type', ARGV[i], 'id', ARGV[i+1], 'contact', contact,\n"
	"    'state', ARGV[i+2], 'created', created, 'updated', ARGV[i+4], 'box', ARGV[i+5])\n"
	"  redis.call('ZADD', KEYS[k+1], 0, string.format('%015.0f ', created) .. ARGV[i+1])\n"
	"  k, i = k + 2, i + 6\n"
	"end\n"
	"if not rows or ARGV[36] == '0' then return {0, inline} end\n"
	LUA_ROWS LUA_ROW_NEW
	"for _ = 1, tonumber(ARGV[36]) do\n"
	"  row_new(contact, i, ARGV[37])\n"
	"  i = i + 13\n"
	"end\n"
	"counted()\n"
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

/* KEYS t floor  ARGV 1 notice box  2 contact  3 life of x  4 rows, then 13 for each. Returns
 * whether anything was done. */
static const char divert_script[] = LUA_REPLY LUA_ROWS LUA_ROW_NEW
	"local rs = reply_state(KEYS[1], KEYS[2])\n"
	"if rs ~= '1' and rs ~= '2' then return 0 end\n"
	"redis.call('HSET', KEYS[1], 'rs', '3', 'rb', ARGV[1])\n"
	"if rs == '1' then return 1 end\n"
	"local i = 5\n"
	"for _ = 1, tonumber(ARGV[4]) do\n"
	"  row_new(ARGV[2], i, ARGV[3])\n"
	"  i = i + 13\n"
	"end\n"
	"counted()\n"
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

const char *const redis_script_texts[REDIS_SCRIPTS] = {
	[REDIS_SCRIPT_LOAD] = load_script,
	[REDIS_SCRIPT_COMMIT] = commit_script,
	[REDIS_SCRIPT_DECIDE] = decide_script,
	[REDIS_SCRIPT_DIVERT] = divert_script,
	[REDIS_SCRIPT_CALLS_CLAIM] = calls_claim_script,
	[REDIS_SCRIPT_CALL_RENEW] = call_renew_script,
	[REDIS_SCRIPT_ALLOW] = redis_lua_allow,
	[REDIS_SCRIPT_OUTBOX_CLAIM] = redis_lua_outbox_claim,
	[REDIS_SCRIPT_BROADCAST_CLAIM] = redis_lua_broadcast_claim,
	[REDIS_SCRIPT_SETTLE] = redis_lua_settle,
	[REDIS_SCRIPT_STATUS] = redis_lua_status,
	[REDIS_SCRIPT_REPLACE] = redis_lua_replace,
	[REDIS_SCRIPT_UNPARK] = redis_lua_unpark,
	[REDIS_SCRIPT_STATUS_CLAIM] = redis_lua_status_claim,
	[REDIS_SCRIPT_RECIPIENTS_ADD] = redis_lua_recipients_add,
	[REDIS_SCRIPT_BROADCAST_CREATE] = redis_lua_broadcast_create,
	[REDIS_SCRIPT_BROADCAST_CHANGE] = redis_lua_broadcast_change,
	[REDIS_SCRIPT_CONSENT_ADD] = redis_lua_consent_add,
	[REDIS_SCRIPT_RATE_TAKE] = redis_lua_rate_take,
	[REDIS_SCRIPT_RATE_SLOW] = redis_lua_rate_slow,
	[REDIS_SCRIPT_AUDIT_ADD] = redis_lua_audit_add,
	[REDIS_SCRIPT_RECORD_CHANGE] = redis_lua_record_change,
	[REDIS_SCRIPT_DROP_SESSIONS] = redis_lua_drop_sessions,
	[REDIS_SCRIPT_DROP_ROWS] = redis_lua_drop_rows,
	[REDIS_SCRIPT_DROP_PARKED] = redis_lua_drop_parked,
	[REDIS_SCRIPT_DROP_RECIPIENTS] = redis_lua_drop_recipients,
};
