# A HELO name or a MAIL FROM address that has variables, and no valid value for
# a request: nobody is asked, and the answer says so.

use lib 't/lib';
use TestVerify 'no_plan';

preset(smtp => "mx1 11 pipelining users=john\n");

our @Bad = ('X-Helo: -', 'X-Helo: no_dots..', 'X-Helo:', 'X-Helo: a b.test');
our @From = ('X-From: a b', 'X-From: me', 'X-From:', 'X-From: me@-');

run_tests();

__DATA__

=== TEST 1: HELO
--- verify
smtp_verify_helo $http_x_helo;
--- more_headers eval
\@::Bad
--- request eval
[("GET /verify?email=john\@ok.test") x @::Bad]
--- error_code eval
[(500) x @::Bad]
--- problem
status: 500
code: bad_identity
--- smtp_sessions: 0



=== TEST 2: MAIL FROM
--- verify
smtp_verify_from $http_x_from;
--- more_headers eval
\@::From
--- request eval
[("GET /verify?email=john\@ok.test") x @::From]
--- error_code eval
[(500) x @::From]
--- problem
status: 500
code: bad_identity
--- smtp_sessions: 0



=== TEST 3: MAIL FROM, of a gate: nothing passes
--- config
    location = /signup {
        smtp_verify_from $http_x_from;
        smtp_verify_gate $arg_email;
        empty_gif;
    }
--- more_headers eval
\@::From
--- request eval
[("GET /signup?email=john\@ok.test") x @::From]
--- error_code eval
[(500) x @::From]
--- problem
status: 500
code: bad_identity
--- smtp_sessions: 0



=== TEST 4: a batch
--- config
    location = /batch {
        smtp_verify_helo $http_x_helo;
        smtp_verify_batch;
    }
--- more_headers
X-Helo: -
Content-Type: text/plain
--- request
POST /batch
john@ok.test
--- error_code: 500
--- problem
status: 500
code: bad_identity
--- smtp_sessions: 0



=== TEST 5: what is valid is said
--- verify
smtp_verify_helo $http_x_helo;
smtp_verify_from $http_x_from;
--- more_headers
X-Helo: other.verifier.test
X-From: me@verifier.test
--- address: john@ok.test
--- json
verdict: deliverable accepted
--- smtp_like
C: EHLO other\.verifier\.test
C: MAIL FROM:<me@verifier\.test>
