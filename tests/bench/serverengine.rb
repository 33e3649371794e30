# The ServerEngine peer: ruby serverengine.rb TYPE WORKERS FIFO MODE WORKER LOG
#
# process: forked ruby workers, which beat once a second by themselves; its "main()" is the first
#   line of run. Where the scenario has no heartbeats they are put off for an hour, since this type
#   cannot do without.
# spawn: WORKER (worker.c) is exec'd; this type has no heartbeats.
require 'serverengine'

TYPE, WORKERS, FIFO, MODE, WORKER, LOG = ARGV

module ForkedWorker
  def initialize
    @stopped = ServerEngine::BlockingFlag.new
  end

  def run
    born = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
    File.open(FIFO, 'wb') { |f| f.syswrite([born, Process.pid, worker_id].pack('qll')) }
    @stopped.wait(3600) until MODE == 'exit' || @stopped.set?
  end

  def stop
    @stopped.set!
  end
end

module SpawnedWorker
  def spawn(process_manager)
    process_manager.spawn({ 'SERVERENGINE_WORKER_ID' => worker_id.to_s }, WORKER, FIFO, MODE)
  end
end

config = { workers: WORKERS.to_i, worker_type: TYPE, log: LOG }
config.update(worker_heartbeat_interval: 3600, worker_heartbeat_timeout: 7200) if MODE != 'beat'
ServerEngine.create(nil, TYPE == 'spawn' ? SpawnedWorker : ForkedWorker, config).run
