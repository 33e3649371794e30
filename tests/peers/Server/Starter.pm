# Server::Starter for the original's own tests: its functions, done by the program named in
# $SE_STARTER. server_ports is the workers' side.
package Server::Starter;

use strict;
use warnings;
use Exporter qw(import);

our @EXPORT_OK = qw(start_server restart_server stop_server server_ports);
our $program = $ENV{SE_STARTER};

my @valued = qw(port path interval log_file pid_file dir signal_on_hup signal_on_term backlog
    envdir auto_restart_interval kill_old_delay status_file);
my @flags = qw(enable_auto_restart daemonize);

# the command line for the named options; one that is not known is an error
sub _arguments {
    my %options = @_;
    my @arguments;
    for my $name (@valued) {
        next unless defined(my $value = delete $options{$name});
        (my $long = $name) =~ tr/_/-/;
        push @arguments, map { "--$long=$_" } ref $value ? @$value : $value;
    }
    for my $name (@flags) {
        next unless delete $options{$name};
        (my $long = $name) =~ tr/_/-/;
        push @arguments, "--$long";
    }
    die "Server::Starter: unknown options: @{[sort keys %options]}\n" if %options;
    return @arguments;
}

# becomes the program: the process that the tests forked keeps its pid
sub start_server {
    my %options = @_;
    my $worker = delete $options{exec};
    die "Server::Starter: exec is not an array\n" unless ref $worker eq 'ARRAY';
    # a flag that is off wins over the environment; there is no such argument
    $ENV{ENABLE_AUTO_RESTART} = 0
        if defined $options{enable_auto_restart} && !$options{enable_auto_restart};
    # only the command line wants both
    $options{log_file} = 'starter.log' if $options{daemonize} && !defined $options{log_file};
    my @command = ($program, _arguments(%options), '--', @$worker);
    exec { $program } @command or die "$program: $!\n";
}

sub _run {
    local $?;
    my @command = ($program, @_);
    system { $program } @command;
    die "@command: wait status $?\n" if $?;
    return;
}
sub restart_server { return _run('--restart', _arguments(@_)) }
sub stop_server { return _run('--stop', _arguments(@_)) }

# name => descriptor
sub server_ports {
    my $ports = $ENV{SERVER_STARTER_PORT};
    die "SERVER_STARTER_PORT is not set\n" unless defined $ports;
    return { map { split /=/, $_, 2 } split /;/, $ports };
}

1;
