"""Verbs conjugated by hand, regular ones and irregular ones."""

import pytest

from mechinterp.text.lexicon.others import MEETING
from mechinterp.text.lexicon.verbs import BEING_AT, GIVING, GOING, SAYING, TRANSITIVE, VERBS, Verb

# Infinitive, present, past and imperfect in both numbers, gerund, participle, future.
BY_HAND = """
    hablar habla hablan habló hablaron hablaba hablaban hablando hablado hablará
    vender vende venden vendió vendieron vendía vendían vendiendo vendido venderá
    vivir vive viven vivió vivieron vivía vivían viviendo vivido vivirá
    dar da dan dio dieron daba daban dando dado dará
    ir va van fue fueron iba iban yendo ido irá
    ver ve ven vio vieron veía veían viendo visto verá
    decir dice dicen dijo dijeron decía decían diciendo dicho dirá
    hacer hace hacen hizo hicieron hacía hacían haciendo hecho hará
    poner pone ponen puso pusieron ponía ponían poniendo puesto pondrá
    proponer propone proponen propuso propusieron proponía proponían proponiendo propuesto propondrá
    tener tiene tienen tuvo tuvieron tenía tenían teniendo tenido tendrá
    sostener sostiene sostienen sostuvo sostuvieron sostenía sostenían sosteniendo sostenido sostendrá
    venir viene vienen vino vinieron venía venían viniendo venido vendrá
    salir sale salen salió salieron salía salían saliendo salido saldrá
    querer quiere quieren quiso quisieron quería querían queriendo querido querrá
    saber sabe saben supo supieron sabía sabían sabiendo sabido sabrá
    traer trae traen trajo trajeron traía traían trayendo traído traerá
    traducir traduce traducen tradujo tradujeron traducía traducían traduciendo traducido traducirá
    leer lee leen leyó leyeron leía leían leyendo leído leerá
    oír oye oyen oyó oyeron oía oían oyendo oído oirá
    reír ríe ríen rio rieron reía reían riendo reído reirá
    sonreír sonríe sonríen sonrió sonrieron sonreía sonreían sonriendo sonreído sonreirá
    pedir pide piden pidió pidieron pedía pedían pidiendo pedido pedirá
    servir sirve sirven sirvió sirvieron servía servían sirviendo servido servirá
    dormir duerme duermen durmió durmieron dormía dormían durmiendo dormido dormirá
    huir huye huyen huyó huyeron huía huían huyendo huido huirá
    construir construye construyen construyó construyeron construía construían construyendo construido construirá
    devolver devuelve devuelven devolvió devolvieron devolvía devolvían devolviendo devuelto devolverá
    enviar envía envían envió enviaron enviaba enviaban enviando enviado enviará
    contar cuenta cuentan contó contaron contaba contaban contando contado contará
    oler huele huelen olió olieron olía olían oliendo olido olerá
    jugar juega juegan jugó jugaron jugaba jugaban jugando jugado jugará
    estar está están estuvo estuvieron estaba estaban estando estado estará
    escribir escribe escriben escribió escribieron escribía escribían escribiendo escrito escribirá
    romper rompe rompen rompió rompieron rompía rompían rompiendo roto romperá
    abrir abre abren abrió abrieron abría abrían abriendo abierto abrirá
""".strip().splitlines()


@pytest.mark.parametrize("conjugated", BY_HAND, ids=lambda line: line.split()[0])
def test_a_verb_is_conjugated_as_by_hand(conjugated: str) -> None:
    *forms, future = conjugated.split()
    (verb,) = (verb for verb in VERBS if verb.infinitive == forms[0])
    assert verb == Verb(*forms)
    assert verb.future == future


def test_every_verb_has_one_conjugation() -> None:
    assert len({verb.infinitive for verb in VERBS}) == len(VERBS) > 180
    assert set(GIVING + GOING + BEING_AT + TRANSITIVE + SAYING) == set(VERBS)


def test_what_all_forms_have_in_common() -> None:
    for verb in VERBS:
        assert verb.infinitive.endswith(("ar", "er", "ir", "ír")), verb
        assert verb.future.endswith("rá"), verb
        assert verb.gerund.endswith("ando" if verb.infinitive.endswith("ar") else "endo"), verb
        for one, several in ((verb.present, verb.presents), (verb.imperfect, verb.imperfects)):
            assert several == one + "n", verb
        assert verb.pasts.endswith("ron"), verb
        assert verb.participle.endswith(("ado", "ido", "ído", "to", "cho")), verb


def test_what_one_does_to_somebody_is_in_the_past() -> None:
    pasts = {verb.past for verb in VERBS}
    known = set(MEETING) & pasts
    assert {"miró", "esperó", "buscó", "vio", "encontró"} <= known
    assert all(word == "vio" or word.endswith("ó") for word in MEETING)
