package coalmine

import java.lang.annotation.ElementType
import java.lang.annotation.Retention
import java.lang.annotation.RetentionPolicy
import java.lang.annotation.Target

/** `@Library('name@version') _`: accepted; the library is the checkout's own `vars/`, `src/` and `resources/`. */
@Retention(RetentionPolicy.SOURCE)
@Target([ElementType.LOCAL_VARIABLE, ElementType.FIELD, ElementType.PACKAGE, ElementType.TYPE])
@interface Library {
  String[] value() default []
}
