# The real ServerEngine for a file of se-supervise's keys: ruby server_engine.rb FILE
require 'serverengine'
require 'yaml'

path = ARGV.fetch(0)

# worker_type spawn: the command; its id is told as se-supervise tells it
module Spawned
  def spawn(process_manager)
    process_manager.spawn({ 'SERVERENGINE_WORKER_ID' => worker_id.to_s }, *config[:command])
  end
end

# worker_type process: a fork, which notes what it is asked as the commands do
module Forked
  def initialize
    @stopped = ServerEngine::BlockingFlag.new
  end

  def note(text)
    File.open("w#{worker_id}", 'a') { |f| f.syswrite("#{text}\n") }
  end

  def run
    note("start #{Process.pid}")
    @stopped.wait(3600) until @stopped.set?
  end

  def stop
    @stopped.set!
  end

  def reload
    note('got 12')
  end
end

load = lambda do
  config = YAML.load_file(path).transform_keys(&:to_sym)
  config[:command_pipe] = STDIN if config[:command_sender] == 'pipe'
  config
end
ServerEngine.create(nil, load.call[:worker_type] == 'spawn' ? Spawned : Forked, load).run
