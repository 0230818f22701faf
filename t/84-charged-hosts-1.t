# The blocks of t/83-charged-hosts.t with one worker.

BEGIN { $ENV{TEST_CHARGED_WORKERS} = 1 }

do './t/83-charged-hosts.t' or die $@ || $!;
