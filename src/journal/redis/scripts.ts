import { SERVER_NOW_MS } from '../../redis/index.ts';

/*
 * Scripts touch the keys of one partition, or those of all partitions together; each changes all or nothing. Those that
 * only help to get rid of messages run when memory is full, too; messages are not taken then.
 */
const NOT_WHEN_FULL = '#!lua\n';
const ALWAYS = '#!lua flags=allow-oom\n';

/** A writer that said nothing for so long is forgotten when a new one comes. */
const WRITER_KEPT_S = 86_400;

/**
 * Keeps a batch of messages; one with a number that the writer has used already is not kept again. It writes in any case,
 * so that a WAIT behind it covers what was written before.
 *
 * KEYS state, raw, writers; ARGV writer, number of the batch, records in it, field of the bytes, bytes.
 * @returns sequence of the last record
 */
export const APPEND_RAW = `${NOT_WHEN_FULL}
  local nowS = tonumber(redis.call('TIME')[1])
  local known = redis.call('HGET', KEYS[3], ARGV[1])
  if known then
    local number, last = string.match(known, '^(%d+):(%d+):')
    if tonumber(number) >= tonumber(ARGV[2]) then
      redis.call('HSET', KEYS[3], ARGV[1], known)
      return tonumber(last)
    end
  else
    local all = redis.call('HGETALL', KEYS[3])
    for at = 1, #all, 2 do
      local atS = tonumber(string.match(all[at + 1], ':(%d+)$'))
      if atS < nowS - ${WRITER_KEPT_S} then redis.call('HDEL', KEYS[3], all[at]) end
    end
  end
  local state = redis.call('HMGET', KEYS[1], 'raw', 'frozen')
  if state[2] then return redis.error_reply('FROZEN the city is being given another number of partitions') end
  local last = tonumber(state[1] or '0') + tonumber(ARGV[3])
  local text = string.format('%.0f', last)
  redis.call('XADD', KEYS[2], text .. '-0', 'n', ARGV[3], ARGV[4], ARGV[5])
  redis.call('HSET', KEYS[1], 'raw', text)
  redis.call('HSET', KEYS[3], ARGV[1], string.format('%s:%s:%.0f', ARGV[2], text, nowS))
  return last
`;

/** KEYS state. @returns the number of the new owner */
export const OWN = `${ALWAYS}
  return redis.call('HINCRBY', KEYS[1], 'epoch', 1)
`;

export const MADE_KEPT = -1;
export const MADE_FENCED = -2;

/**
 * Keeps what was made. The newest batch given once more by the owner that gave it is kept already.
 *
 * KEYS state, made; ARGV epoch, last, count, bytes.
 * @returns MADE_KEPT, MADE_FENCED, or where what is there ends
 */
export const APPEND_MADE = `${ALWAYS}
  local state = redis.call('HMGET', KEYS[1], 'epoch', 'made', 'madeFrom', 'madeBy')
  if state[1] ~= ARGV[1] then return ${MADE_FENCED} end
  local made, last, count = tonumber(state[2] or '0'), tonumber(ARGV[2]), tonumber(ARGV[3])
  if made == last and state[4] == ARGV[1] and tonumber(state[3]) == last - count then
    redis.call('HSET', KEYS[1], 'made', ARGV[2])
    return ${MADE_KEPT}
  end
  if count == 0 then
    if last < made then return made end
  else
    if last - count ~= made then return made end
    redis.call('XADD', KEYS[2], ARGV[2] .. '-0', 'n', ARGV[3], 'b', ARGV[4])
  end
  redis.call('HSET', KEYS[1], 'made', ARGV[2], 'madeFrom', string.format('%.0f', last - count), 'madeBy', ARGV[1])
  return ${MADE_KEPT}
`;

/** KEYS state; ARGV when, ms. A write, so that a WAIT behind it covers what was appended. @returns where the messages end */
export const MARK_CUT = `${ALWAYS}
  redis.call('HSET', KEYS[1], 'cut', ARGV[1])
  return tonumber(redis.call('HGET', KEYS[1], 'raw') or '0')
`;

export const CUT_LOST = -1;

/**
 * Adds a cut when it follows the newest one. What it is compared with is the newest one at this moment.
 *
 * KEYS cuts; ARGV number, when in ms, position, ends as float64.
 * @returns when, at least as late as the cut before; nothing when somebody else cut meanwhile; CUT_LOST when a partition
 *   ends before the newest cut
 */
export const ADD_CUT = `${ALWAYS}
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  local atMs = ARGV[2]
  local fields = { k = '0', at = atMs }
  if newest then
    for at = 1, #newest[2], 2 do fields[newest[2][at]] = newest[2][at + 1] end
  end
  if tonumber(ARGV[1]) ~= tonumber(fields.k) + 1 then return false end
  if newest then
    for at = 1, #ARGV[4], 8 do
      if struct.unpack('<d', ARGV[4], at) < struct.unpack('<d', fields.ends, at) then return ${CUT_LOST} end
    end
  end
  if tonumber(fields.at) > tonumber(atMs) then atMs = fields.at end
  redis.call('XADD', KEYS[1], ARGV[3] .. '-0', 'k', ARGV[1], 'at', atMs, 'ends', ARGV[4])
  return atMs
`;

/** A cut is where it must be, and so are those before it. KEYS confirmed; ARGV number of the cut. */
export const CONFIRM = `${ALWAYS}
  local known = tonumber(redis.call('GET', KEYS[1]) or '0')
  if known < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
  return 1
`;

/** KEYS state, raw, made; ARGV sequence up to which all goes. */
export const TRIM = `${ALWAYS}
  local trimmed = tonumber(redis.call('HGET', KEYS[1], 'trimmed') or '0')
  if trimmed >= tonumber(ARGV[1]) then return 0 end
  local first = string.format('%.0f-0', tonumber(ARGV[1]) + 1)
  redis.call('XTRIM', KEYS[2], 'MINID', '=', first)
  redis.call('XTRIM', KEYS[3], 'MINID', '=', first)
  redis.call('HSET', KEYS[1], 'trimmed', ARGV[1])
  return 1
`;

/** The first one who opens says how many partitions there are. KEYS layout; ARGV partitions. @returns what was said */
export const LAY_OUT = `${ALWAYS}
  redis.call('SET', KEYS[1], ARGV[1], 'NX')
  return redis.call('GET', KEYS[1])
`;

/** KEYS replicas; ARGV name, JSON. */
export const NOTE_REPLICA = `${ALWAYS}${SERVER_NOW_MS}
  return redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', nowMs) .. ARGV[2])
`;

/**
 * What was heard in the future of the clock, which is that of another server since, was heard just now. What nobody can
 * read must not hold back trimming for ever: who lives says it again.
 *
 * KEYS replicas. @returns names, since when each is silent in ms, and what it said, in turn
 */
export const REPLICAS = `${ALWAYS}${SERVER_NOW_MS}
  local all, replicas = redis.call('HGETALL', KEYS[1]), {}
  for at = 1, #all, 2 do
    local heardMs, said = string.match(all[at + 1], '^(%d+) (.*)$')
    if heardMs then
      table.insert(replicas, all[at])
      table.insert(replicas, string.format('%.0f', math.max(0, nowMs - heardMs)))
      table.insert(replicas, said)
    else
      redis.call('HDEL', KEYS[1], all[at])
    end
  end
  return replicas
`;

/** No message is taken any more, if none came since; a change of partitions begins. KEYS state; ARGV where it ends. @returns 1 where that is so */
export const FREEZE = `${ALWAYS}
  local state = redis.call('HMGET', KEYS[1], 'raw', 'made')
  if tonumber(state[1] or '0') ~= tonumber(ARGV[1]) or tonumber(state[2] or '0') ~= tonumber(ARGV[1]) then return 0 end
  redis.call('HSET', KEYS[1], 'frozen', '1')
  redis.call('HDEL', KEYS[1], 'laid')
  return 1
`;

/** KEYS state. */
export const THAW = `${ALWAYS}
  return redis.call('HDEL', KEYS[1], 'frozen')
`;

/**
 * A partition that begins anew behind so many messages, or none any more, which takes no message. Once in a change: messages
 * may have come since.
 *
 * KEYS state, raw, made, writers; ARGV where it begins, -1 for one that is none; name of the change.
 */
export const RESET = `${ALWAYS}
  if redis.call('HGET', KEYS[1], 'laid') == ARGV[2] then return 0 end
  redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
  if tonumber(ARGV[1]) < 0 then
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], 'frozen', '1', 'laid', ARGV[2])
  else
    redis.call('HDEL', KEYS[1], 'frozen', 'madeFrom', 'madeBy')
    redis.call('HSET', KEYS[1], 'raw', ARGV[1], 'made', ARGV[1], 'trimmed', ARGV[1], 'laid', ARGV[2])
  end
  return 1
`;

/** The newest cut, and no other one, with other ends. KEYS cuts; ARGV ends as float64. @returns its position, or 0 */
export const NEW_ENDS = `${ALWAYS}
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if not newest then return 0 end
  local fields = {}
  for at = 1, #newest[2], 2 do fields[newest[2][at]] = newest[2][at + 1] end
  redis.call('DEL', KEYS[1])
  redis.call('XADD', KEYS[1], newest[1], 'k', fields.k, 'at', fields.at, 'ends', ARGV[1])
  return tonumber(string.match(newest[1], '^%d+'))
`;

/** KEYS layout; ARGV partitions. */
export const LAY_OUT_ANEW = `${ALWAYS}
  return redis.call('SET', KEYS[1], ARGV[1])
`;
