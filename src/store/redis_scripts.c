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
 *   s:<contact>        session, one string: "<rev> <expires> <updated> <wait> <done> <created>
 *                      <ver>", then each behind a tab: flow step shown lang call box. wait: it
 *                      stands in calls, 1 for its call, 2 for a timer; ends by time
 *   t:<contact> <ext>  turn, one string: "<reply's state> <at> <size of the reply's box> ", that
 *                      box, and the message's; ends by time
 *   floor              turns from before this moment are gone: the clock that sweeps may be
 *                      ahead of the server's, by which their keys end
 *   c:<contact>        facts: met ("<first message> <last> <unfinished> <language>") consent
 *                      since (of the consent) out trouble heard (of the trouble) parked
 *   l:<contact>        opt-in ledger, a stream: at consent ext box
 *   ix                 ZSET contact -> last activity, as it was when its last five digits turned
 *   calls              ZSET contact -> when its call or timer may be taken up
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

/*
 * KEYS 1 s  2 c  3 ix  4 t, then t of the answered turn if there is one, then r rl for each record
 * ARGV 1 now  2 contact  3 revision loaded  4 t as it is stored, or nothing  5 its life
 *      6 s as it is stored  7 its life (0: over)  8 its updated  9 call due  10-11 what was held, or
 *      nothing: updated consent, as rule_held() of rules.c  12 met  13 answer's state, or
 *      nothing  14 consent, or nothing  15 records  16 rows
 *      then the answer's box, ext and box of the consent, 6 for each record (type id state
 *      created updated box), life of x and 13 for each row
 * Returns {result, became inline}. What most turns do not need comes last: each redis.call and
 * each argument is a part of what a turn costs.
 */
static const char commit_script[] = LUA_SESSION
	"local call, now, t = redis.call, tonumber(ARGV[1]), KEYS[4]\n"
	"local function seen()\n"
	"  local at = string.match(call('GETRANGE', t, '0', '31'), '^%d (%d+) ')\n"
	"  return at and tonumber(at) >= now - tonumber(ARGV[5])\n"
	"end\n"
	"local revision, updated, wait = session(KEYS[1], now)\n"
	"local stands = revision == ARGV[3]\n"
	"if stands and ARGV[10] ~= '' then\n"
	"  local c = call('HMGET', KEYS[2], 'consent', 'parked')\n"
	"  stands = updated == ARGV[10] and (c[1] or '0') == ARGV[11] and (c[2] or '0') == '0'\n"
	"end\n"
	"if not stands then return {ARGV[4] ~= '' and seen() and 2 or 1, 0} end\n"
	"if ARGV[4] ~= '' and not call('SET', t, ARGV[4], 'NX', 'PX', ARGV[5]) then\n"
	"  if seen() then return {2, 0} end\n"
	"  call('SET', t, ARGV[4], 'PX', ARGV[5])\n" /* over by the caller's clock */
	"end\n"
	"if ARGV[7] ~= '0' then call('SET', KEYS[1], ARGV[6], 'PX', ARGV[7])\n"
	"else call('DEL', KEYS[1]) end\n"
	"call('HSET', KEYS[2], 'met', ARGV[12])\n"
	"local contact = ARGV[2]\n"
	"if not updated or string.sub(updated, 1, -6) ~= string.sub(ARGV[8], 1, -6) then\n"
	"  call('ZADD', KEYS[3], ARGV[8], contact)\n"
	"end\n"
	"if ARGV[9] ~= '0' or wait ~= '0' then\n"
	"  local calls = string.match(t, '^[^}]*}:') .. 'calls'\n"
	"  if ARGV[9] ~= '0' then call('ZADD', calls, ARGV[9], contact)\n"
	"  else call('ZREM', calls, contact) end\n"
	"end\n"
	"local k, i, rows, inline = 5, 17, true, 0\n"
	"if ARGV[13] ~= '' then\n"
	LUA_TURN
	"  local rs, at, _, rest = turn_read(KEYS[5])\n"
	"  if rs == '1' then\n"
	"    turn_write(KEYS[5], ARGV[13], at, ARGV[17], rest)\n"
	"    rows = ARGV[13] == '3'\n"
	"    inline = ARGV[13] == '2' and 1 or 0\n"
	"  end\n"
	"  k, i = 6, 18\n"
	"end\n"
	"if ARGV[14] ~= '' then\n"
	"  if call('HGET', KEYS[2], 'consent') ~= ARGV[14] then\n"
	"    call('HSET', KEYS[2], 'consent', ARGV[14], 'since', ARGV[1])\n"
	"  end\n"
	"  call('XADD', string.match(t, '^[^}]*}:') .. 'l:' .. contact, '*', 'at', ARGV[1],\n"
	"    'consent', ARGV[14], 'ext', ARGV[i], 'box', ARGV[i+1])\n"
	"  i = i + 2\n"
	"end\n"
	"for _ = 1, tonumber(ARGV[15]) do\n"
	"  local created = call('HGET', KEYS[k], 'created') or ARGV[i+3]\n"
	"  call('HSET', KEYS[k], 'type', ARGV[i], 'id', ARGV[i+1], 'contact', contact,\n"
	"    'state', ARGV[i+2], 'created', created, 'updated', ARGV[i+4], 'box', ARGV[i+5])\n"
	"  call('ZADD', KEYS[k+1], 0, string.format('%015.0f ', created) .. ARGV[i+1])\n"
	"  k, i = k + 2, i + 6\n"
	"end\n"
	"if not rows or ARGV[16] == '0' then return {0, inline} end\n"
	LUA_ROWS LUA_ROW_NEW
	"local keep = ARGV[i]\n"
	"for _ = 1, tonumber(ARGV[16]) do\n"
	"  row_new(contact, i + 1, keep)\n"
	"  i = i + 13\n"
	"end\n"
	"counted()\n"
	"return {0, inline}\n";

/*
 * The commonest commit in half of the time: a message moves a held session on, and no more.
 * KEYS s c t  ARGV 1 how s begins  2 consent  3 t as it is stored  4 its life  5 s as it is stored
 *      6 its life  7 met
 * Returns 1 when it is done. 0: nothing was done, and the commit above can tell why.
 */
static const char advance_script[] =
	"local call, s, c = redis.call, KEYS[1], KEYS[2]\n"
	"local head, consent, turn, keep, session, life, met = unpack(ARGV)\n"
	"local facts = call('HMGET', c, 'consent', 'parked')\n"
	"if string.sub(call('GETRANGE', s, '0', '79'), 1, #head) ~= head\n"
	"  or (facts[1] or '0') ~= consent or (facts[2] or '0') ~= '0'\n"
	"  or not call('SET', KEYS[3], turn, 'NX', 'PX', keep) then return 0 end\n"
	"call('PSETEX', s, life, session)\n"
	"call('HSET', c, 'met', met)\n"
	"return 1\n";

/* KEYS t floor  ARGV box. Returns {state, box} as they are afterwards. */
static const char decide_script[] = LUA_TURN LUA_FLOOR
	"local rs, at, box, rest = turn_read(KEYS[1], floor(KEYS[2]))\n"
	"if not rs then return {} end\n"
	"if rs ~= '1' then return {rs, box} end\n"
	"turn_write(KEYS[1], '3', at, ARGV[1], rest)\n"
	"return {'3', ARGV[1]}\n";

/* KEYS t floor  ARGV 1 notice box  2 contact  3 life of x  4 rows, then 13 for each. Returns
 * whether anything was done. */
static const char divert_script[] = LUA_TURN LUA_FLOOR LUA_ROWS LUA_ROW_NEW
	"local rs, at, _, rest = turn_read(KEYS[1], floor(KEYS[2]))\n"
	"if rs ~= '1' and rs ~= '2' then return 0 end\n"
	"turn_write(KEYS[1], '3', at, ARGV[1], rest)\n"
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
	"    if session(KEYS[i], now) ~= '0' then\n"
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
	"local v = redis.call('GETRANGE', KEYS[1], '0', '1023')\n"
	"if string.match(v, '^[^\\t]*\\t[^\\t]*\\t[^\\t]*\\t[^\\t]*\\t[^\\t]*\\t([^\\t]*)\\t') ~= ARGV[2]\n"
	"then return 0 end\n"
	"if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end\n"
	"redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])\n"
	"return 1\n";

const char *const redis_script_texts[REDIS_SCRIPTS] = {
	[REDIS_SCRIPT_COMMIT] = commit_script,
	[REDIS_SCRIPT_ADVANCE] = advance_script,
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
