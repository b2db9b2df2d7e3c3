"""The one table of English: words that carry no meaning of their own, and irregular forms.

Other languages need none: their words pass through as they are.
"""

STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being
    below between both but by can could did do does doing don down during each few for from
    further had has have having he her here hers herself him himself his how i if in into is it
    its itself just let me might more most must my myself nor now of off on once only or other our
    ours ourselves out over own same shall she should so some such than that the their theirs
    them themselves then there these they this those through to too under until up us very was
    we were what when where which while who whom whose why will with would you your yours
    yourself yourselves d ll m o re s t ve ain aren couldn didn doesn hadn hasn haven isn mightn
    mustn needn shan shouldn wasn weren won wouldn
    """.split()
)
"""Left out of the index and of questions, unless nothing else is left.

"not", "no" and "may" stay: they change what a sentence says.
"""

_IRREGULAR = """
    arise arose arisen; awake awoke awoken; bear bore borne; beat beaten; become became;
    begin began begun; bend bent; bet; bind bound; bite bit bitten; bleed bled; blow blew blown;
    break broke broken; breed bred; bring brought; build built; burn burnt; buy bought;
    catch caught; choose chose chosen; cling clung; come came; creep crept; deal dealt; dig dug;
    draw drew drawn; dream dreamt; drink drank drunk; drive drove driven; eat ate eaten;
    fall fell fallen; feed fed; feel felt; fight fought; find found; flee fled; fling flung;
    fly flew flown flies; forbid forbade forbidden; forget forgot forgotten;
    forgive forgave forgiven; freeze froze frozen; get got gotten; give gave given;
    go went gone goes; grind ground; grow grew grown; hang hung; hear heard; hide hid hidden;
    hold held; keep kept; kneel knelt; know knew known; lay laid; lead led; leap leapt;
    learn learnt; leave left; lend lent; lie lay lain; light lit; lose lost; make made; mean meant;
    meet met; pay paid; ride rode ridden; ring rang rung; rise rose risen; run ran; say said;
    see saw seen; seek sought; sell sold; send sent; sew sewn; shake shook shaken; shine shone;
    shoot shot; show shown; shrink shrank shrunk; sing sang sung; sink sank sunk; sit sat;
    sleep slept; slide slid; smell smelt; speak spoke spoken; spell spelt; spend spent;
    spill spilt; spin spun; spoil spoilt; spring sprang sprung; stand stood; steal stole stolen;
    stick stuck; sting stung; strike struck; string strung; swear swore sworn; sweep swept;
    swell swollen; swim swam swum; swing swung; take took taken; teach taught; tear tore torn;
    tell told; think thought; throw threw thrown; understand understood; wake woke woken;
    wear wore worn; weave wove woven; weep wept; win won; wind wound; write wrote written;
    child children; foot feet; goose geese; man men; mouse mice; person people persons;
    tooth teeth; woman women; wife wives; knife knives; shelf shelves;
    half halves; wolf wolves; loaf loaves; thief thieves; analysis analyses; crisis crises;
    good better best; bad worse worst; far farther farthest further;
    """

IRREGULAR = {
    form: base
    for base, *forms in (entry.split() for entry in _IRREGULAR.split(";") if entry.strip())
    for form in forms
}
"""An irregular form and the word that stands for it: went → go, children → child.

Left out are forms that are mostly another word: "lives" and "leaves" are verbs
in what people say of themselves, "born" is not "bear".
"""
