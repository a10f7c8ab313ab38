"""The pages of the parser's codes, for ``shoal explain``: S00x reading, S02x types, S03x kinds, S04x the whole spec."""

from shoal.findings import Page


def _page(code: str, title: str, why: str, mend: str) -> Page:
    return Page(code, "input", title, f"{why}\n\n**To mend it:** {mend}")


PAGES: tuple[Page, ...] = (
    _page(
        "S001",
        "The file is too large",
        "A spec is a few hundred lines. A text above 1 MiB, or with more than 100,000 values, is most likely another "
        "file, and reading it would cost time and memory, so it is not read at all.",
        "check the path. Split a file with very many clusters into several.",
    ),
    _page(
        "S002",
        "The file is not text",
        "YAML is UTF-8 text. The file holds bytes that are no UTF-8, or control characters that YAML forbids: it is "
        "binary, compressed, or saved in another encoding.",
        "save it as UTF-8, for instance with `iconv -f LATIN1 -t UTF-8`.",
    ),
    _page(
        "S003",
        "The file is empty",
        "It holds no document, or comments only, so there is nothing to run.",
        "write a RayCluster manifest or a Ray cluster.yaml in it.",
    ),
    _page(
        "S004",
        "YAML syntax",
        "The text can't be read as YAML from this place on. What follows it is not checked.",
        "most often the indentation is off, a bracket or quote is not closed, or a value with `: `, `#`, `@` or `%` "
        "needs quotes.",
    ),
    _page(
        "S005",
        "A tab is used for indentation",
        "YAML indents with spaces only, because a tab's width is not defined.",
        "replace the tabs by spaces, and set your editor to insert spaces in YAML files.",
    ),
    _page(
        "S006",
        "Nested too deep",
        "More than 64 levels of mappings and lists. No spec has a third of that.",
        "look for a stray bracket, or a generator that loops.",
    ),
    _page(
        "S007",
        "Aliases stand for too much",
        "An alias (`*name`) repeats what its anchor (`&name`) holds. Aliases of aliases grow fast enough to fill any "
        "memory, so what all aliases of a file stand for is limited to 20,000 values, and none may contain itself.",
        "write the values out, or use fewer levels of aliases.",
    ),
    _page(
        "S008",
        "An alias without an anchor",
        "`*name` repeats what `&name` marked earlier in the same document, and there is no such anchor.",
        "define the anchor first; quote the value when a text that starts with `*` is meant.",
    ),
    _page(
        "S009",
        "A tag without a meaning",
        "Tags such as `!Ref` belong to other tools. Here they would be dropped without a word.",
        "remove the tag; quote the value when a text that starts with `!` is meant.",
    ),
    _page(
        "S010",
        "A key that is no word, or a merge of no mapping",
        "The keys of a spec are strings, so a list or mapping can't be one. `<<` merges mappings only.",
        "quote the key: `{{ name }}` of a template has to be filled in, or quoted. Give `<<` an alias of a mapping.",
    ),
    _page(
        "S011",
        "A key is given twice",
        "Only one of two equal keys can count, and tools differ in which.",
        "remove one of them, or merge what they hold.",
    ),
    _page(
        "S020",
        "Unknown key",
        "The mapping has no such field. Kubernetes would reject it or drop it, so what it says would be lost.",
        "use the suggested key, or remove it. `shoal check --fix` renames a key that is wrong by its capitals alone.",
    ),
    _page(
        "S021",
        "Wrong type",
        "The value is of another type than the field: a list where a mapping is due, a word where a number is due...",
        "write the type that the message names.",
    ),
    _page(
        "S022",
        "A string is due",
        "YAML reads `6379`, `true`, `yes` and `1.0` as numbers and booleans. Where a string is due, as in "
        "rayStartParams, env and annotations, Kubernetes rejects them.",
        "put the value in quotes. `shoal check --fix` does it.",
    ),
    _page(
        "S023",
        "A required key is missing",
        "Without it the object can't be made. A key without a value is a missing one, as in Kubernetes.",
        "add the key that the message names.",
    ),
    _page(
        "S024",
        "Not one of the allowed values",
        "The field takes one of a few words, and capitals count.",
        "use the suggested word.",
    ),
    _page(
        "S025",
        "Out of range",
        "The number is below the least or above the most that the field takes, or a text is empty that can't be. "
        "Numbers of replicas can't be negative.",
        "change the value.",
    ),
    _page(
        "S026",
        "Not a quantity",
        "Amounts of CPU, memory and other resources are numbers with an optional unit: `m` is a thousandth, "
        "`k M G T P E` are powers of 1000, `Ki Mi Gi Ti Pi Ei` powers of 1024. `GB` and `1 Gi` are none.",
        "write 500m or 0.5 for half a CPU, 4Gi for memory.",
    ),
    _page(
        "S027",
        "Unknown provider key",
        "Ray passes unknown keys of `provider` on without a check, so a misspelt one has no effect and no message. "
        "This one is known neither to Ray's own provider nor to us.",
        "use the suggested key, or remove it.",
    ),
    _page(
        "S030",
        "Not a spec",
        "The document is neither a Kubernetes manifest (`apiVersion` and `kind`) nor a Ray cluster.yaml "
        "(`cluster_name` and `provider`).",
        "check that it is the right file, and the spelling of its first keys.",
    ),
    _page(
        "S031",
        "Unknown kind",
        "Ray's kinds are RayCluster, RayJob, RayService and RayCronJob; Kubernetes' own may stand beside them. This is "
        "neither.",
        "use the suggested kind.",
    ),
    _page(
        "S032",
        "Unknown apiVersion",
        "Ray's kinds are served as `ray.io/v1`, and all but RayCronJob as the older `ray.io/v1alpha1` too.",
        "write `apiVersion: ray.io/v1`.",
    ),
    _page(
        "S040",
        "A name that can't be used",
        "Names of pods, services and processes are made from it, and they have to fit a DNS label. The most characters "
        "are 53 for a RayCluster, 47 for a RayJob or RayService, 36 for a RayCronJob, 63 in a cluster.yaml.",
        "use lower-case letters, digits and `-`; start with a letter, and end with a letter or digit.",
    ),
    _page(
        "S041",
        "A name is given twice",
        "Two objects of one kind and one name in one file: the second would overwrite the first.",
        "rename or remove one of them.",
    ),
    _page(
        "S042",
        "Two worker groups with one name",
        "Workers are counted, scaled and found by the name of their group, so it has to be theirs alone.",
        "rename one of them, or add its replicas to the other.",
    ),
    _page(
        "S043",
        "A pod without containers",
        "The first container is the one that runs Ray; without it there is nothing to start.",
        "add a container with a name, an image and resources.",
    ),
    _page(
        "S044",
        "A job without a cluster",
        "A RayJob runs on a cluster of its own or on one that exists, and this one names neither.",
        "add `rayClusterSpec`, or `clusterSelector` with the label `ray.io/cluster`.",
    ),
    _page(
        "S045",
        "The head's node type is not defined",
        "`head_node_type` names the entry of `available_node_types` that the head runs on, and there is no such entry.",
        "use the suggested name, or add the type.",
    ),
    _page(
        "S046",
        "Workers without a head",
        "`worker_ips` lists hosts that join a head, and `head_ip` says where the head is.",
        "add `head_ip`; without both, the cluster runs on this machine.",
    ),
    _page(
        "S047",
        "A key of older versions of Ray",
        "Ray has replaced it by `available_node_types` and ignores or refuses it now.",
        "do what the finding says, and remove the key.",
    ),
    _page(
        "S048",
        "A place for logs that is none",
        "The annotation `shoal.dev/logs-to` says where logs are kept when their pods go: on the volume of a claim, or"
        " in a bucket of S3's kind.",
        "write `pvc://CLAIM[/FOLDER]` or `s3://BUCKET[/FOLDER][?secret=NAME&region=R&endpoint=URL]`. The claim and the"
        " Secret are in the cluster's namespace; the Secret has the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
)
