"""The domain of comment moderation: no web framework and no task queue in it.

In the order in which a comment meets them:

- `submission` reads what a client sent and names every error in it; `messages` puts the errors into words,
  `reasons` what signals say.
- `admission` says who sends it and by which policy; `intake` commits it, once per `idempotency` key; `posts` remembers
  what it hangs on; `identity` makes ids and tokens; `forms` makes and reads the token that times a reply form,
  `form_work` is asked of it in a flood.
- `arrivals` reads the comments that wait, and their texts; `facts` gathers what the filters need for a whole batch,
  with `history`: what authors did before, and `surroundings`: what was said there; `text` folds (`markup`,
  `lookalikes`) and finds `links` (`disguised_links`, `domains`), `readings` undo l33t and s p a c i n g, `finglish`
  reads Persian in Latin letters, `wordlists` finds many words at once, `promotions` those of advertisements,
  `disguises` letters that pass for others; `filters` notice `signals`.
- `link_memory` knows where comments linked to and what became of them; `campaigns` finds near-copies by `similarity`,
  in the `bands` that `text_memory` keeps.
- `policy` says what signals weigh on a site, `verdict` sums them up, `screening` writes the outcome; before it does,
  `remote` asks services outside, where a site wants it. `shadow` tries a model out beside it, and `shadow_report` says
  what would change. `shares` has those judged along whom a flood on another site would keep waiting.
- `floods` finds a site that is flooded from many hands, tightens it and relaxes it; `reminders` tell of what
  is held for long.
- `public_list` is what readers are shown of a post; `list_cache` keeps it while its version (`post_versions`) stands.
- `events` says what happened and who is owed word of it, `payload` makes the document that tells it, with the
  `action_links` that settle a held comment, `formats` the message of it for programs, chats and mailboxes, `deliveries`
  sends it, now or when its endpoint is not `quiet`.
- `decisions` lets people outrank the machine, `settling` lets them do so from a message; `teaching` makes each site's
  own model of them (`site_models`), which `combining` adds to the shipped one (what both say are `predictions`), and
  `model_history` takes back;
  `common_teaching` and `common_model` are what sites that share teach together; `privacy` hands out and erases what is
  kept of an author; `sweeping` finds work whose doorbell was lost, `requeueing` has it look sooner; `retention`
  forgets; `comment_trace` tells a comment's whole way.

What they stand on: `tables` (the rows, of `columns`), `db` (the one door to databases), `prepared` (statements that
every batch asks), `replica` (lists are read from it), `migrations`, `settings` (the one door to the environment),
`sites` and `keys` (who may do what), `word_import`, `signing` and `outbound` (the one door to strangers' addresses;
`patience` ends what drips), `mail` (the one to the operator's mail server) and `operator_services` (the one to services
of the operator's choice), `turn` (writers of SQLite one by one), `flushing` (their log goes to the disk), `together`
(one commit for many), `abreast` (one thread for many), `tasks` (names shared with the workers), `broker` (queue
lengths), `health`, `processes` (which run), `flow` and `standing` (how they do) and `pausing` (what they are told),
`tallies` (what is counted, once), `metrics`, `setting_lines`, `log`, `errors`, `clock`.

`redis_clients` reach one Redis server, or the one that Sentinels call the master (`sentinels`). `traces` time
what happens, for those who want it.

`commands` is the `moderation` program; its `up` rests on `data_folder`, `embedded` (a redis-server of our own),
`first_site`, `children` (kept running), `apart` (gone when done), `lifeline` (ended with their parent), `readiness`
and `stopping`. `learning` trains and measures the text model; `demo` posts labelled comments to a running service.
"""

__version__ = "0.1.0"
