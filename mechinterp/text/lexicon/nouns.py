"""Common Spanish nouns, grouped by what a sentence can do with them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VOWEL_GROUP = re.compile("[aeiouáéíóúü]+")
_PLAIN = str.maketrans("áéíóú", "aeiou")
_ACCENTED = str.maketrans("aeiou", "áéíóú")


@dataclass(frozen=True)
class Noun:
    """A noun with both its numbers and its grammatical gender."""

    singular: str
    plural: str
    feminine: bool


def plural_of(word: str) -> str:
    """Return the regular plural of a noun or an adjective."""
    syllables = len(_VOWEL_GROUP.findall(word))
    if word.endswith("z"):
        return word[:-1] + "ces"
    if word[-1] in "aeiouáéó":
        return word + "s"
    if re.search("[áéíóú][ns]$", word):
        return word[:-2] + word[-2:].translate(_PLAIN) + "es"
    if word.endswith("s") and syllables > 1:
        return word
    if re.search("[aeiou]n$", word) and syllables > 1:
        return _with_accent(word) + "es"
    return word + "es"


def _with_accent(word: str) -> str:
    """Mark the stress on the last syllable but one: joven, jóven(es)."""
    end = list(_VOWEL_GROUP.finditer(word))[-2].end()
    return word[: end - 1] + word[end - 1].translate(_ACCENTED) + word[end:]


def _noun(feminine: bool, entry: str) -> Noun:
    """Read one entry: a singular, or singular/plural where the plural follows no rule."""
    singular, _, plural = entry.partition("/")
    return Noun(singular, plural or plural_of(singular), feminine)


def _nouns(feminine: bool, text: str) -> tuple[Noun, ...]:
    """Read a block of entries of one gender."""
    return tuple(_noun(feminine, entry) for entry in text.split())


# Feminine nouns that take «el» in the singular, as they begin with a stressed a.
STRESSED_A: frozenset[str] = frozenset(
    ["agua", "águila", "ala", "alba", "alma", "área", "arma", "arpa", "aula", "ave", "hacha", "hambre"]
)

# Objects that one can give, lend, show or carry.
THINGS: tuple[Noun, ...] = _nouns(
    True,
    """
    llave carta caja bolsa mesa silla lámpara botella taza copa camisa falda chaqueta bufanda gorra
    moneda cuerda manta sábana toalla cuchara maleta mochila cámara foto fotografía revista novela
    tarjeta bandera pelota muñeca guitarra flauta rosa vela espada pistola máquina bicicleta moto
    rueda herramienta escalera cesta cadena joya corona máscara medalla pulsera postal factura receta
    libreta agenda carpeta pluma goma regla aguja tela cinta almohada alfombra cortina jarra bandeja
    olla sartén cuna escoba pala barca lancha linterna radio pantalla consola batería tableta tabla
    camiseta corbata bota blusa peluca estatua pintura figura canasta trompeta campana bala bomba red
    nota lista placa pieza bombilla pila funda invitación prenda arma hacha arpa caña trampa etiqueta
    """,
) + _nouns(
    False,
    """
    libro anillo regalo reloj teléfono móvil periódico cuaderno lápiz bolígrafo sobre sello paquete
    bolso collar pendiente pañuelo abrigo sombrero vestido pantalón zapato guante cinturón traje
    uniforme paraguas plato vaso tenedor cuchillo cubo martillo clavo tornillo espejo cuadro retrato
    dibujo mapa billete boleto pasaporte documento contrato informe cheque disco disfraz juguete balón
    globo tambor piano violín coche carro camión tren barco avión ordenador televisor teclado cable
    mando sillón sofá colchón cojín armario cajón ramo perfume jabón cepillo peine frasco bote
    barril saco baúl cofre tesoro diamante premio trofeo escudo arco casco micrófono telescopio
    instrumento aparato motor objeto álbum folleto catálogo manual diccionario calendario cartel póster
    letrero juego bastón palo tubo hilo botón chaleco velo manuscrito cohete volante
    """,
)

# Food and stuff that is given without an article: «le dio pan».
FOODS: tuple[Noun, ...] = _nouns(
    True,
    """
    agua leche fruta ropa carne sal miel harina mantequilla mermelada pasta sopa ensalada verdura
    cerveza comida tarta pizza nata crema salsa cebolla patata zanahoria lechuga manzana naranja uva
    fresa pera sandía avena leña gasolina plata madera medicina tinta
    """,
) + _nouns(
    False,
    """
    pan queso arroz vino café té chocolate azúcar pescado pollo jamón aceite vinagre zumo jugo helado
    dinero papel trigo maíz tabaco yogur tomate ajo limón plátano melón pastel caldo marisco oro carbón
    cacao puré cereal licor ron atún combustible cemento algodón material alimento
    """,
)

# Places for «fue al mercado» and «estaba en la playa».
PLACES: tuple[Noun, ...] = _nouns(
    True,
    """
    tienda playa oficina casa escuela universidad iglesia plaza calle estación biblioteca cocina
    habitación sala terraza farmacia panadería cafetería librería fábrica granja ciudad aldea isla
    piscina comisaría cárcel embajada catedral capilla fiesta fuente esquina avenida carretera
    academia clínica peluquería carnicería bodega discoteca torre costa orilla facultad
    residencia aula selva cueva finca taberna galería parroquia pista
    """,
) + _nouns(
    False,
    """
    mercado parque hospital colegio instituto museo teatro cine restaurante bar hotel aeropuerto puerto
    banco supermercado jardín bosque río lago campo pueblo barrio centro castillo palacio taller garaje
    gimnasio estadio club laboratorio cementerio convento monasterio templo ayuntamiento juzgado
    tribunal patio balcón salón comedor baño dormitorio sótano muelle circo desierto valle puente
    despacho almacén cuartel campamento refugio albergue concierto hostal huerto pasillo estudio
    mirador santuario acuario casino consulado congreso
    """,
)

ANIMALS: tuple[Noun, ...] = _nouns(
    True,
    """
    vaca oveja cabra gallina serpiente tortuga rana mosca mariposa abeja hormiga araña ballena paloma
    yegua ave águila foca pantera rata loba
    """,
) + _nouns(
    False,
    """
    perro gato caballo burro toro pájaro pez ratón conejo león tigre elefante mono oso lobo zorro
    ciervo cordero pato gallo cerdo camello delfín tiburón cocodrilo lagarto búho halcón cuervo insecto
    mosquito loro cachorro cisne dragón
    """,
)

# People who are not named by a trade.
PEOPLE: tuple[Noun, ...] = _nouns(
    True,
    """
    amiga vecina madre niña prima hermana hija abuela tía sobrina nieta suegra esposa mujer novia
    compañera señora chica muchacha anciana cuñada invitada viuda madrina mamá dama desconocida
    extranjera alumna enemiga viajera gemela socia princesa reina
    """,
) + _nouns(
    False,
    """
    amigo vecino padre niño primo hermano hijo abuelo tío sobrino nieto suegro esposo hombre novio
    compañero señor chico muchacho anciano cuñado invitado viudo padrino papá caballero desconocido
    extranjero alumno enemigo viajero gemelo socio príncipe rey marido
    """,
)

ABSTRACT: tuple[Noun, ...] = _nouns(
    True,
    """
    idea verdad noticia pregunta respuesta historia mentira duda promesa razón causa solución decisión
    opinión oportunidad ocasión ayuda amistad libertad justicia paz guerra suerte esperanza ilusión
    alegría tristeza felicidad pena rabia envidia culpa confianza paciencia fuerza salud enfermedad
    vida muerte memoria experiencia costumbre ley norma condición propuesta oferta explicación excusa
    queja amenaza sorpresa broma situación relación diferencia ventaja realidad fama belleza calidad
    cantidad lección tarea clase prueba victoria derrota canción fe crisis misión importancia intención
    palabra frase conversación atención energía necesidad posibilidad responsabilidad señal teoría
    técnica cultura educación ciencia religión política moda música poesía melodía hambre alma área
    imagen orden
    """,
) + _nouns(
    False,
    """
    problema secreto permiso consejo plan proyecto sueño deseo miedo amor odio dolor error fracaso
    éxito motivo tema asunto caso ejemplo detalle mensaje recuerdo cuento chiste poema discurso idioma
    trabajo empleo sueldo precio favor perdón respeto apoyo ánimo valor talento orgullo silencio
    peligro riesgo cambio destino acuerdo esfuerzo resultado interés placer castigo crimen examen
    origen método sistema sentido concepto pensamiento sentimiento conocimiento negocio derecho pacto
    truco rumor misterio conflicto desafío objetivo
    """,
)

NATURE: tuple[Noun, ...] = _nouns(
    True,
    """
    lluvia luna estrella nube nieve ola arena tierra roca piedra flor hoja rama raíz hierba semilla
    planta tormenta tempestad montaña colina cascada sombra luz oscuridad niebla ala bahía temperatura
    pradera laguna corriente llama espuma
    """,
) + _nouns(
    False,
    """
    sol árbol viento cielo mar fuego humo aire relámpago trueno rayo volcán océano planeta mundo
    universo hielo polvo barro pino roble calor clima paisaje horizonte terremoto huracán cristal metal
    tronco cometa lodo arroyo
    """,
)

TIMES: tuple[Noun, ...] = _nouns(
    True,
    """
    noche semana primavera mañana tarde hora madrugada época década temporada infancia juventud vejez
    víspera etapa jornada fecha navidad alba
    """,
) + _nouns(
    False,
    """
    día año verano invierno otoño mes minuto segundo siglo lunes martes miércoles jueves viernes sábado
    domingo momento instante rato futuro pasado presente cumpleaños aniversario
    """,
)

BODY: tuple[Noun, ...] = _nouns(
    True,
    """
    cabeza cara mano oreja nariz boca lengua espalda pierna rodilla piel sangre frente barba uña ceja
    mejilla barriga cintura garganta voz cadera
    """,
) + _nouns(
    False,
    """
    pie ojo diente cuello hombro brazo codo dedo pecho corazón estómago pelo cabello hueso bigote labio
    cerebro pulmón hígado músculo rostro puño tobillo vientre
    """,
)

NOUNS = THINGS + FOODS + PLACES + ANIMALS + PEOPLE + ABSTRACT + NATURE + TIMES + BODY
