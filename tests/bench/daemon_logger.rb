# The ServerEngine peer of the loggers: ruby daemon_logger.rb FILE raw|info, lines on its input.
require 'serverengine'

logger = ServerEngine::DaemonLogger.new(ARGV[0], log_rotate_age: 5, log_rotate_size: 1_048_576)
if ARGV[1] == 'raw'
  $stdin.each_line { |line| logger << line }
else
  $stdin.each_line(chomp: true) { |line| logger.info(line) }
end
