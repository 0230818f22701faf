# The blocks of t/throttle/charged-hosts.t with one worker.

BEGIN { $ENV{TEST_CHARGED_WORKERS} = 1 }

do './t/throttle/charged-hosts.t' or die $@ || $!;
