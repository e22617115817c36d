"""Common Spanish verbs in the third person, grouped by the sentences they can head."""

from __future__ import annotations

from dataclasses import dataclass

# The endings of each class, in the order of Verb's fields after the infinitive.
_ENDINGS = {
    "ar": ("a", "an", "ó", "aron", "aba", "aban", "ando", "ado"),
    "er": ("e", "en", "ió", "ieron", "ía", "ían", "iendo", "ido"),
    "ir": ("e", "en", "ió", "ieron", "ía", "ían", "iendo", "ido"),
}
_FORMS = ("present", "presents", "past", "pasts", "imperfect", "imperfects", "gerund", "participle")
_PLURALS = {"present": "presents", "past": "pasts", "imperfect": "imperfects"}

_FUTURES = {"decir": "dirá", "hacer": "hará", "querer": "querrá", "saber": "sabrá"}


@dataclass(frozen=True)
class Verb:
    """A verb's third person, singular and plural (with an s), and its forms without person."""

    infinitive: str
    present: str
    presents: str
    past: str
    pasts: str
    imperfect: str
    imperfects: str
    gerund: str
    participle: str

    @property
    def future(self) -> str:
        """The third person singular of the future."""
        if self.infinitive.endswith(("poner", "tener", "venir", "salir")):
            return self.infinitive[:-2] + "drá"
        return _FUTURES.get(self.infinitive, self.infinitive.replace("í", "i") + "á")


def _plural_form(form: str) -> str:
    """Make the third person plural from an irregular singular, where it follows a rule."""
    if form.endswith(("ió", "yó")):
        return form[:-2] + form[-2].replace("i", "ie").replace("y", "ye") + "ron"
    return form + "n"


def _conjugate(entry: str) -> Verb:
    """Conjugate an infinitive by rule, but for the forms that the entry names: «ver past=vio ...»."""
    infinitive, *exceptions = entry.split()
    endings = _ENDINGS[infinitive[-2:].replace("í", "i")]
    forms = {form: infinitive[:-2] + ending for form, ending in zip(_FORMS, endings, strict=True)}
    named = dict(exception.split("=") for exception in exceptions)
    derived = {_PLURALS[form]: _plural_form(named[form]) for form in _PLURALS if form in named}
    return Verb(infinitive, **(forms | derived | named))


_IRREGULAR = """
    abrir participle=abierto
    advertir present=advierte past=advirtió gerund=advirtiendo
    almorzar present=almuerza
    apretar present=aprieta
    cerrar present=cierra
    colgar present=cuelga
    confesar present=confiesa
    confiar present=confía
    conseguir present=consigue past=consiguió gerund=consiguiendo
    construir present=construye past=construyó gerund=construyendo
    contar present=cuenta
    creer past=creyó gerund=creyendo participle=creído
    cubrir participle=cubierto
    dar past=dio pasts=dieron
    decir present=dice past=dijo pasts=dijeron gerund=diciendo participle=dicho
    describir participle=descrito
    descubrir participle=descubierto
    destruir present=destruye past=destruyó gerund=destruyendo
    devolver present=devuelve participle=devuelto
    dormir present=duerme past=durmió gerund=durmiendo
    elegir present=elige past=eligió gerund=eligiendo
    encontrar present=encuentra
    entender present=entiende
    enterrar present=entierra
    enviar present=envía
    envolver present=envuelve participle=envuelto
    escribir participle=escrito
    estar present=está past=estuvo pasts=estuvieron
    hacer past=hizo pasts=hicieron participle=hecho
    huir present=huye past=huyó gerund=huyendo
    ir present=va past=fue pasts=fueron imperfect=iba gerund=yendo participle=ido
    jugar present=juega
    leer past=leyó gerund=leyendo participle=leído
    medir present=mide past=midió gerund=midiendo
    mostrar present=muestra
    mover present=mueve
    oír present=oye past=oyó gerund=oyendo participle=oído
    oler present=huele
    pedir present=pide past=pidió gerund=pidiendo
    pensar present=piensa
    perder present=pierde
    poner past=puso pasts=pusieron participle=puesto
    poseer past=poseyó gerund=poseyendo participle=poseído
    preferir present=prefiere past=prefirió gerund=prefiriendo
    probar present=prueba
    producir past=produjo pasts=produjeron
    proponer past=propuso pasts=propusieron participle=propuesto
    querer present=quiere past=quiso pasts=quisieron
    recomendar present=recomienda
    recordar present=recuerda
    reír present=ríe past=rio pasts=rieron gerund=riendo participle=reído
    repetir present=repite past=repitió gerund=repitiendo
    romper participle=roto
    saber past=supo pasts=supieron
    sentir present=siente past=sintió gerund=sintiendo
    servir present=sirve past=sirvió gerund=sirviendo
    soltar present=suelta
    sonreír present=sonríe past=sonrió gerund=sonriendo participle=sonreído
    sostener present=sostiene past=sostuvo pasts=sostuvieron
    soñar present=sueña
    suponer past=supuso pasts=supusieron participle=supuesto
    tener present=tiene past=tuvo pasts=tuvieron
    traducir past=tradujo pasts=tradujeron
    traer past=trajo pasts=trajeron gerund=trayendo participle=traído
    vaciar present=vacía
    venir present=viene past=vino pasts=vinieron gerund=viniendo
    ver past=vio pasts=vieron imperfect=veía participle=visto
    volar present=vuela
    volver present=vuelve participle=vuelto
"""
_ENTRIES = {line.split()[0]: line for line in _IRREGULAR.strip().splitlines()}


def _verbs(text: str) -> tuple[Verb, ...]:
    """Conjugate a block of infinitives."""
    return tuple(_conjugate(_ENTRIES.get(infinitive, infinitive)) for infinitive in text.split())


# Verbs of «le dio el libro a Ana».
GIVING: tuple[Verb, ...] = _verbs("""
    dar entregar regalar prestar ofrecer mandar mostrar dejar enviar llevar traer devolver pasar enseñar
    comprar vender servir leer escribir explicar contar pedir quitar lanzar tirar preparar cocinar
    conseguir buscar guardar alquilar pagar robar prometer cambiar dedicar repartir acercar alcanzar
    abrir recomendar proponer presentar dibujar cantar tocar ceder donar arrojar elegir reservar pintar
    describir encargar exigir facilitar confiar
""")

# Verbs of «fue a la playa».
GOING: tuple[Verb, ...] = _verbs("""
    ir volver llegar bajar subir regresar viajar correr venir salir acudir caminar huir escapar volar
    marchar pasar
""")

# What people do in a place: «estaba en la cocina».
BEING_AT: tuple[Verb, ...] = _verbs("""
    estar trabajar pasear hablar esperar jugar comer descansar bailar estudiar discutir cenar dormir
    charlar nadar correr cantar leer escribir cocinar caminar llorar reír sonreír desayunar almorzar
    beber vivir permanecer entrenar pintar gritar soñar rezar conversar aprender enseñar fumar
    saltar pescar ensayar pelear luchar protestar meditar
""")

# Verbs that take a thing as their object: «perdió la llave».
TRANSITIVE: tuple[Verb, ...] = _verbs("""
    comprar ver perder encontrar romper limpiar mirar usar necesitar querer tener llevar traer buscar
    guardar vender abrir cerrar poner sacar coger tomar recoger dejar olvidar recordar recibir robar
    esconder descubrir elegir escoger probar cortar lavar arreglar reparar construir destruir hacer
    pintar dibujar mover empujar levantar tocar tirar lanzar llenar cubrir colgar quemar vaciar cargar
    medir pesar contar preparar cambiar observar examinar admirar conocer merecer poseer conservar
    rechazar aceptar utilizar desear preferir pedir exigir alquilar pagar transportar cuidar mostrar
    proteger atrapar soltar agarrar apretar sujetar golpear oler describir estudiar reconocer envolver
    enterrar partir producir traducir atar fabricar diseñar doblar
""")

# Verbs of «dijo que ...», with the indicative.
SAYING: tuple[Verb, ...] = _verbs("""
    decir pensar creer saber afirmar contar explicar asegurar prometer jurar confesar repetir responder
    contestar anunciar comentar reconocer admitir sentir suponer imaginar recordar declarar gritar
    avisar comprender entender notar ver oír descubrir opinar sostener señalar advertir
""")

VERBS = tuple(dict.fromkeys(GIVING + GOING + BEING_AT + TRANSITIVE + SAYING))
