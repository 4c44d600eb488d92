-- wrk: one signed webhook, the same body every time, a random delivery id (GUID) every time.
-- LOAD_BODY: file; LOAD_SIGNATURE: value of X-Hub-Signature-256; LOAD_EVENT: X-GitHub-Event.
-- The last line printed is JSON with what was counted.
local threads = 0

local function random_seed()
  local f = assert(io.open("/dev/urandom", "rb"))
  local a, b, c, d = f:read(4):byte(1, 4)
  f:close()
  return ((a * 256 + b) * 256 + c) * 128 + d
end

function setup(thread)
  thread:set("seed", random_seed() + threads)
  threads = threads + 1
end

local head, tail

function init(args)
  math.randomseed(seed)
  local f = assert(io.open(os.getenv("LOAD_BODY"), "rb"))
  local body = f:read("*a")
  f:close()
  head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port ..
    "\r\nUser-Agent: GitHub-Hookshot/bench\r\nAccept: */*\r\nContent-Type: application/json\r\nX-GitHub-Event: " ..
    os.getenv("LOAD_EVENT") .. "\r\nX-Hub-Signature-256: " .. os.getenv("LOAD_SIGNATURE") ..
    "\r\nContent-Length: " .. #body .. "\r\nX-GitHub-Delivery: "
  tail = "\r\n\r\n" .. body
end

local random, format = math.random, string.format

function request()
  return head .. format("%08x-%04x-4%03x-a%03x-%06x%06x", random(0, 2147483647), random(0, 65535), random(0, 4095),
    random(0, 4095), random(0, 16777215), random(0, 16777215)) .. tail
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(format('{"requests":%d,"seconds":%.6f,"bad_status":%d,"socket_errors":%d,"p50_us":%d,"p99_us":%d,"max_us":%d}\n',
    summary.requests, summary.duration / 1e6, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
