"""Words and short phrases of the corpus that do not change their form."""

from __future__ import annotations

from mechinterp.text.lexicon import words


def _lines(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in text.replace("\n", ",").split(",") if phrase.strip())


DAYS = words("lunes martes miércoles jueves viernes sábado domingo")
MONTHS = words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
NUMBERS = words(
    "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte"
)
ORDINALS = words("primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo")
FEELINGS = words("frío calor hambre sed sueño miedo prisa fiebre suerte razón")
WHEN = _lines("""
    Ayer, Hoy, Esa tarde, Por la noche, Aquel día, Esta mañana, De pronto, Poco después, Por la tarde, Anoche, Mañana,
    Luego, Más tarde, Antes de comer, Después de cenar, Por fin, Siempre, A veces, Nunca, Todos los días, Cada semana,
    El otro día, Hace mucho tiempo, En verano, En invierno, Al día siguiente, Casi siempre, Muchas veces, Ahora
""")
WHY = _lines("""
    porque era su cumpleaños, sin decir nada, con una sonrisa, antes de marcharse, en silencio, otra vez,
    sin querer, por la mañana, esa misma noche, con mucho cuidado, de muy mala gana, para siempre, como siempre,
    por primera vez, en secreto, sin pedir nada, todos los días, delante de todos, con prisa
""")
HOW = _lines("""
    en silencio, con cuidado, sin pensar, de repente, otra vez, con alegría, por error, en secreto, poco a poco,
    muy despacio, rápidamente, por fin, a veces, enseguida, con mucho gusto, sin ganas, como siempre, de nuevo
""")
WHO = _lines("""
    que tenía prisa, que estaba de buen humor, que nunca decía nada, que había llegado antes, que no tenía hambre,
    como cada día, como siempre, por su parte, según parece, sin embargo, al parecer, que quería ayudar,
    con mucha calma, que ya era mayor, después de pensarlo mucho, que lo sabía todo
""")
WEATHER = _lines("calor, frío, sol, viento, mucho calor, mucho frío, buen tiempo, mal tiempo")
RELATIVES = words(
    "madre padre hermana hermano hija hijo abuela abuelo tía tío prima primo vecina vecino jefe jefa"
)
# What one does to somebody, with «a».
MEETING = words(
    "saludó abrazó ayudó llamó miró esperó buscó vio besó invitó acompañó siguió escuchó encontró"
)
# Small and common words that belong to no other list.
COMMON = words(
    "más muy ya no sí ni si también tampoco tan tanto tanta casi solo apenas todavía aún nunca siempre jamás "
    "bien mal mejor peor así aquí allí ahí allá cerca lejos dentro fuera encima debajo arriba abajo delante "
    "detrás antes después luego entonces pronto tarde temprano ayer hoy mañana anoche mientras cuando donde "
    "como porque pues pero sino aunque hasta desde hacia entre sobre tras ante contra durante según para por "
    "con sin de del en al e o u que quien cual cuyo qué quién cómo cuándo dónde cuánto este esta esto estos "
    "estas ese esa eso esos esas aquel aquella aquello aquellos algo alguien algún alguna algunos nada nadie "
    "ningún ninguna todo toda todos todas cada otro otra otros otras mismo misma mismos mucho mucha muchos "
    "muchas poco poca pocos pocas varios varias ambos demás cualquier cierto tal yo tú él ella ellos ellas "
    "nosotros usted ustedes me te se lo la los las le les nos mi mis tu tus su sus mío suyo suya nuestro "
    "nuestra es son era eran fue fueron ser sido soy eres somos sea había han hemos hay hubo hace hacía hacer "
    "hecho están estaban puede podía pueden debe debía quieren tienen tenía tenían van iba ir hizo hicieron "
    "dicen parece parecía último última primer primera segunda tercero medio media cuarto cien mil vez veces "
    "cosa cosas gente persona modo manera parte lado punto fin final principio junto juntos juntas vuelta "
    "viaje camino puerta ventana familia equipo grupo nombre número partido boda cena reunión visita escena "
    "obra parada entrada salida derecha izquierda norte sur policía doctor profesora profesor juez alcalde "
    "capitán soldado camarero pareja bebé huevo huevos murió nació conoció llovía nevaba ganó cayó salvó "
    "sentó despidieron cumplió empezó empezaron terminó terminaron pasaron quedaba quedaron faltaba sabían "
    "miraban habían sentaron llegaron salieron entraron vino vinieron"
)
SYLLABLES = words(
    "ba be bi bo ca co cu cha che da de di do du fa fe fi fo ga go gu la le li lo lu lla ma me mi mo mu na ne "
    "ni no ña pa pe pi po pu ra re ri ro rra sa se si so su ta te ti to tu va ve vi xa ya yo za zo tra bro "
    "cla fle gri pla tre dor mal tin cor sel pan vin gar mer tos"
)
