# Calls a function when it goes, unless dismissed.
package Server::Starter::Guard;

use strict;
use warnings;

sub new {
    my ($class, $function) = @_;
    return bless { function => $function }, $class;
}

sub dismiss {
    my $self = shift;
    delete $self->{function};
    return;
}

sub DESTROY {
    my $self = shift;
    $self->{function}->() if $self->{function};
    return;
}

1;
