# Learn from files, or check them, in one process with SpamAssassin's own library: `learn` or `check`, a folder for what
# it keeps, then the files' names on standard input (for `learn` with `spam` or `ham` and a blank before each). `check`
# prints the processor seconds that the checks alone took; its start and the compiling of its rules come before.
use strict;
use warnings;
use Mail::SpamAssassin;

my ($do, $folder) = @ARGV;
my $filter = Mail::SpamAssassin->new({
    local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => "$folder/none", userstate_dir => $folder,
    home_dir_for_helpers => $folder,
    post_config_text => "bayes_path $folder/bayes\nuse_bayes 1\nbayes_auto_learn 0\nbayes_min_ham_num 1\n"
        . "bayes_min_spam_num 1\nuse_txrep 0\n",
});
my @named = <STDIN>;
chomp @named;

sub mail_of {
    open(my $file, '<:raw', $_[0]) or die $!;
    local $/;
    return $filter->parse(scalar <$file>, 1);
}

if ($do eq 'learn') {
    $filter->init(1);
    $filter->init_learner({});
    for (@named) {
        my ($label, $name) = split(/ /, $_, 2);
        my $mail = mail_of($name);
        $filter->learn($mail, undef, $label eq 'spam', 0)->finish;
        $mail->finish;
    }
    $filter->rebuild_learner_caches;
    $filter->finish_learner;
} else {
    $filter->compile_now(1);
    my ($user, $system) = times;
    my $hits = 0;
    for (@named) {
        my $mail = mail_of($_);
        my $status = $filter->check($mail);
        $hits++ if $status->get_score > 0 || grep { /^BAYES/ } @{ $status->{test_names_hit} };
        $status->finish;
        $mail->finish;
    }
    my ($user_after, $system_after) = times;
    printf "%.4f %d\n", $user_after + $system_after - $user - $system, $hits;
}
